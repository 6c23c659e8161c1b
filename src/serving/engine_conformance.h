// What every Engine must do. An engine's tests instantiate the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Torch, EngineConformance, engines_of(&make_torch));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "serving/engine.h"

namespace clary::serving {

// An engine under test, whose model answers each JSON body with another one.
class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;
  virtual Engine& engine() = 0;
  // The answer's body to "[n]".
  virtual std::string answer_to(int number) = 0;
};
using MakeEngine = std::unique_ptr<EngineUnderTest> (*)();
// The suite's parameter. Defined beside the cases, so that who names it links them.
::testing::internal::ValueArray<MakeEngine> engines_of(MakeEngine make);

class EngineConformance : public ::testing::TestWithParam<MakeEngine> {
 protected:
  void SetUp() override { under_test_ = GetParam()(); }

  Engine& engine() { return under_test_->engine(); }
  std::unique_ptr<Lane> open();
  // Asks for [first], [first + 1] and so on, in one batch.
  static LaneResult run(Lane& lane, int first, int count);
  void expect_answers(const LaneResult& result, int first, int count);

  std::unique_ptr<EngineUnderTest> under_test_;
};

}  // namespace clary::serving
