#include "serving/fake_engine.h"

#include <chrono>
#include <utility>

namespace clary::serving {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);
constexpr int kLooks = 200;

class FakeLane final : public Lane {
 public:
  explicit FakeLane(FakeEngine& engine) : engine_(engine), failure_(engine.failure()) {}
  std::optional<std::string> failure() const override { return failure_; }
  bool takes_batches() const override { return engine_.takes_batches; }
  bool is_alive() const override { return engine_.alive; }
  LaneResult run(std::span<const ModelRequest* const> batch, Duration) override {
    if (engine_.stopped) return lane_fault(LaneResult::Fault::kEnded, "stopped");
    LaneResult result = engine_.on_run(batch);
    failure_ = engine_.failure();
    return result;
  }

 private:
  FakeEngine& engine_;
  std::optional<std::string> failure_;
};

}  // namespace

ModelAnswer text_answer(std::string body) {
  ModelAnswer answer;
  answer.content_type = "text/plain";
  answer.body = Payload(std::move(body));
  return answer;
}

LaneResult lane_fault(LaneResult::Fault fault, std::string sentence) {
  LaneResult result;
  result.fault = fault;
  result.sentence = std::move(sentence);
  return result;
}

LaneResult answer_in_pieces(const std::string& first,
                            std::function<LaneResult(AnswerPieces& pieces)> make) {
  auto pieces = std::make_shared<AnswerPieces>();
  pieces->put(first, Duration(0));
  LaneResult result;
  result.answers.push_back(text_answer(""));
  result.answers.back().pieces = AnswerPieces::source_of(pieces);
  result.rest = [pieces, make = std::move(make)](Duration) { return make(*pieces); };
  return result;
}

Result<std::unique_ptr<Lane>> FakeEngine::open_lane(Duration) {
  ++opened;
  if (stopped) return cancelled("stopped");
  if (std::optional<Error> error = on_open()) return *error;
  return std::unique_ptr<Lane>(std::make_unique<FakeLane>(*this));
}

LaneResult FakeEngine::echo(Batch batch) {
  LaneResult result;
  for (const ModelRequest* request : batch)
    result.answers.push_back(text_answer(request->body.to_text().value_or("")));
  return result;
}

void Gate::open() {
  MutexLock lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void Gate::pass() {
  MutexLock lock(mutex_);
  ++reached_;
  changed_.notify_all();
  for (int i = 0; i < kLooks && !open_; ++i) changed_.wait_for(mutex_, kLook);
}

bool Gate::reached_by(int count) {
  MutexLock lock(mutex_);
  for (int i = 0; i < kLooks && reached_ < count; ++i) changed_.wait_for(mutex_, kLook);
  return reached_ >= count;
}

}  // namespace clary::serving
