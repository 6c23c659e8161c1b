#include "serving/fake_engine.h"

#include "serving/engine_conformance.h"

namespace clary::serving {
namespace {

class FakeEngineUnderTest final : public EngineUnderTest {
 public:
  Engine& engine() override { return engine_; }
  std::string answer_to(int number) override { return "[" + std::to_string(number) + "]"; }

 private:
  FakeEngine engine_;
};

std::unique_ptr<EngineUnderTest> make_fake_engine() {
  return std::make_unique<FakeEngineUnderTest>();
}

INSTANTIATE_TEST_SUITE_P(Fake, EngineConformance, engines_of(&make_fake_engine));

}  // namespace
}  // namespace clary::serving
