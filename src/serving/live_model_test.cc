// LiveModel on a FakeEngine: queues, deadlines, lanes that die, the end.
#include "serving/live_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "serving/fake_engine.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;
using Fault = LaneResult::Fault;
using Outcome = std::future<Result<ModelAnswer>>;

class LiveModelTest : public testing::Test {
 protected:
  ~LiveModelTest() override {
    gate_.open();
    if (model_ != nullptr) model_->stop();
  }

  void serve(LiveModelOptions options = {}) {
    model_ = std::make_unique<LiveModel>(engine_, options, clock_, silent_logger(), metrics_);
    model_->start();
  }
  void serve_when_ready(LiveModelOptions options = {}) {
    serve(options);
    EXPECT_TRUE(eventually([&] { return model_->readiness().ready; }));
  }
  // Polls what another thread changes, for at most ten seconds.
  static bool eventually(const std::function<bool()>& holds) {
    const SystemClock clock;
    const Duration deadline = clock.steady() + seconds(10);
    while (!holds()) {
      if (clock.steady() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  Outcome call(std::string body, std::function<bool()> is_abandoned = {}) {
    auto promise = std::make_shared<std::promise<Result<ModelAnswer>>>();
    Outcome outcome = promise->get_future();
    PendingCall pending;
    pending.request.body = Payload(std::move(body));
    pending.arrived = clock_.steady();
    pending.deadline = clock_.steady() + seconds(60);
    pending.is_abandoned = std::move(is_abandoned);
    pending.answer = [promise](Result<ModelAnswer> answer) {
      promise->set_value(std::move(answer));
    };
    if (const auto refused = model_->submit(std::move(pending)))
      promise->set_value(limit_exceeded(refused->sentence));
    return outcome;
  }
  static std::string text(Outcome& outcome) {
    if (outcome.wait_for(seconds(10)) != std::future_status::ready) return "<nothing came>";
    const Result<ModelAnswer> answer = outcome.get();
    if (!answer.ok()) return std::string(error_code_name(answer.error().code));
    return answer->body.to_text().value_or("<unreadable>");
  }
  std::string ask(std::string body) {
    Outcome outcome = call(std::move(body));
    return text(outcome);
  }
  // Runs wait at the gate.
  void hold_runs() {
    engine_.on_run = [this](FakeEngine::Batch batch) {
      gate_.pass();
      return FakeEngine::echo(batch);
    };
  }

  ManualClock clock_;
  FakeEngine engine_;
  Gate gate_;
  ModelMetrics metrics_;
  std::unique_ptr<LiveModel> model_;
};

TEST_F(LiveModelTest, AnswersWhatTheEngineAnswers) {
  serve_when_ready({.lanes = 2});
  EXPECT_EQ(ask("abc"), "abc");
  EXPECT_EQ(engine_.opened, 2);
}

TEST_F(LiveModelTest, RefusesUntilALaneIsOpen) {
  Gate loading;
  engine_.on_open = [&]() -> std::optional<Error> {
    loading.pass();
    return std::nullopt;
  };
  serve();
  EXPECT_TRUE(loading.reached_by(1));
  EXPECT_NE(model_->readiness().sentence.find("being loaded"), std::string::npos);
  EXPECT_TRUE(model_->refusal(0));
  loading.open();
  EXPECT_TRUE(eventually([&] { return model_->readiness().ready; }));
  EXPECT_EQ(ask("abc"), "abc");
}

TEST_F(LiveModelTest, ARunThatKillsItsLaneFailsAloneAndTheLaneIsReplaced) {
  engine_.on_run = [](FakeEngine::Batch batch) {
    if (batch[0]->body.inside() == "crash") return lane_fault(Fault::kEnded, "SIGSEGV");
    return FakeEngine::echo(batch);
  };
  serve_when_ready();
  EXPECT_EQ(ask("crash"), "Internal");
  EXPECT_EQ(ask("abc"), "abc");
  EXPECT_EQ(engine_.opened, 2);
}

TEST_F(LiveModelTest, AnAnswerInPiecesHasItsLaneToTheEnd) {
  engine_.on_run = [this](FakeEngine::Batch) {
    return answer_in_pieces("one", [this](AnswerPieces& pieces) {
      gate_.pass();
      pieces.end({});
      return LaneResult();
    });
  };
  serve_when_ready();
  Outcome outcome = call("x");
  ASSERT_EQ(outcome.wait_for(seconds(10)), std::future_status::ready) << "it begins at once";
  EXPECT_NE(outcome.get()->pieces, nullptr);
  EXPECT_EQ(model_->under_way(), 1U);
  gate_.open();
  EXPECT_TRUE(eventually([&] { return model_->under_way() == 0; }));
  EXPECT_EQ(engine_.opened, 1);
}

TEST_F(LiveModelTest, ALaneThatDiesWithinAnAnswerIsReplaced) {
  engine_.on_run = [](FakeEngine::Batch batch) {
    if (batch[0]->body.inside() != "crash") return FakeEngine::echo(batch);
    return answer_in_pieces("one", [](AnswerPieces& pieces) {
      pieces.end(internal_error("SIGSEGV"));
      return lane_fault(Fault::kEnded, "SIGSEGV");
    });
  };
  serve_when_ready();
  Outcome begun = call("crash");
  EXPECT_EQ(ask("abc"), "abc");
  EXPECT_EQ(engine_.opened, 2);
  EXPECT_TRUE(eventually([&] { return model_->under_way() == 0; }));
  EXPECT_TRUE(begun.get().ok());
}

TEST_F(LiveModelTest, WhatNoLaneHasBegunGoesToAnother) {
  std::atomic<int> runs = 0;
  engine_.on_run = [&](FakeEngine::Batch batch) {
    if (++runs == 1) return lane_fault(Fault::kNotBegun, "it had ended before");
    return FakeEngine::echo(batch);
  };
  serve_when_ready();
  EXPECT_EQ(ask("abc"), "abc");
  EXPECT_EQ(runs, 2);
}

TEST_F(LiveModelTest, ButNotForEver) {
  engine_.on_run = [](FakeEngine::Batch) { return lane_fault(Fault::kNotBegun, "again"); };
  serve_when_ready();
  EXPECT_EQ(ask("abc"), "Unavailable");
  EXPECT_GE(engine_.opened, 3);
}

TEST_F(LiveModelTest, ARunThatTakesTooLongIsATimeout) {
  engine_.on_run = [](FakeEngine::Batch) { return lane_fault(Fault::kTooLong, "too long"); };
  serve_when_ready();
  EXPECT_EQ(ask("abc"), "Timeout");
}

TEST_F(LiveModelTest, ALaneThatDiesWhileItIsIdleIsReplaced) {
  serve_when_ready();
  engine_.alive = false;
  EXPECT_TRUE(eventually([&] { return engine_.opened >= 2; }));
  engine_.alive = true;
  EXPECT_EQ(ask("abc"), "abc");
}

TEST_F(LiveModelTest, AFullQueueRefusesAtOnce) {
  hold_runs();
  serve_when_ready({.queue = {.waiting = 2}});
  Outcome running = call("running");
  EXPECT_TRUE(gate_.reached_by(1));
  Outcome first = call("first");
  Outcome second = call("second");
  Outcome third = call("third");
  EXPECT_EQ(text(third), "LimitExceeded");
  gate_.open();
  EXPECT_EQ(text(running), "running");
  EXPECT_EQ(text(first), "first");
  EXPECT_EQ(text(second), "second");
}

TEST_F(LiveModelTest, WhatWaitedBeyondItsDeadlineIsNotBegun) {
  std::atomic<int> runs = 0;
  engine_.on_run = [&](FakeEngine::Batch batch) {
    ++runs;
    gate_.pass();
    return FakeEngine::echo(batch);
  };
  serve_when_ready();
  Outcome running = call("running");
  EXPECT_TRUE(gate_.reached_by(1));
  Outcome late = call("late");
  clock_.advance(seconds(61));
  gate_.open();
  EXPECT_EQ(text(running), "running");
  EXPECT_EQ(text(late), "Unavailable");
  EXPECT_EQ(runs, 1);
}

TEST_F(LiveModelTest, WhatNobodyWaitsForIsNotBegun) {
  hold_runs();
  serve_when_ready();
  Outcome running = call("running");
  EXPECT_TRUE(gate_.reached_by(1));
  Outcome gone = call("gone", [] { return true; });
  Outcome waits = call("waits", [] { return false; });
  clock_.advance(seconds(1));
  gate_.open();
  EXPECT_EQ(text(running), "running");
  EXPECT_EQ(text(gone), "Cancelled");
  EXPECT_EQ(text(waits), "waits");
}

TEST_F(LiveModelTest, AModelWhoseCodeFailsAnswersAndIsReadyOnceItLoads) {
  std::atomic<bool> fails = true;
  engine_.failure = [&] { return fails ? std::optional<std::string>("boom model") : std::nullopt; };
  serve();
  EXPECT_TRUE(eventually(
      [&] { return model_->readiness().sentence.find("boom model") != std::string::npos; }));
  EXPECT_EQ(ask("abc"), "abc");  // what the engine makes of it
  EXPECT_FALSE(model_->readiness().ready);
  fails = false;
  EXPECT_EQ(ask("abc"), "abc");
  EXPECT_TRUE(eventually([&] { return model_->readiness().ready; }));
}

TEST_F(LiveModelTest, ALaneThatCannotBeOpenedIsTriedAgain) {
  engine_.on_open = [this]() -> std::optional<Error> {
    if (engine_.opened == 1) return unavailable("no interpreter");
    return std::nullopt;
  };
  serve();
  EXPECT_TRUE(eventually([&] { return !model_->lanes()[0].reason.empty(); }));
  const auto refused = model_->refusal(0);
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->sentence.find("no interpreter"), std::string::npos) << refused->sentence;
  clock_.advance(open_delay(1));
  EXPECT_TRUE(eventually([&] { return model_->readiness().ready; }));
}

TEST_F(LiveModelTest, BatchesFormWhileTheLaneIsBusy) {
  std::atomic<std::size_t> largest = 0;
  engine_.takes_batches = true;
  engine_.on_run = [&](FakeEngine::Batch batch) {
    largest = std::max<std::size_t>(largest, batch.size());
    gate_.pass();
    return FakeEngine::echo(batch);
  };
  serve_when_ready({.most_in_batch = 8});
  std::vector<Outcome> outcomes;
  outcomes.push_back(call("0"));
  EXPECT_TRUE(gate_.reached_by(1));
  for (int i = 1; i < 20; ++i) outcomes.push_back(call(std::to_string(i)));
  gate_.open();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(text(outcomes[static_cast<std::size_t>(i)]), std::to_string(i));
  EXPECT_GT(largest, 1U);
  EXPECT_LE(largest, 8U);
}

// Larger ones follow what single calls were measured to take.
TEST_F(LiveModelTest, WhatAnEngineTriesIsNoMeasurement) {
  std::atomic<std::size_t> largest = 0;
  engine_.takes_batches = true;
  engine_.on_run = [&](FakeEngine::Batch batch) {
    largest = std::max<std::size_t>(largest, batch.size());
    gate_.pass();
    LaneResult result = FakeEngine::echo(batch);
    result.is_trial = true;
    return result;
  };
  serve_when_ready({.most_in_batch = 8});
  std::vector<Outcome> outcomes;
  outcomes.push_back(call("0"));
  EXPECT_TRUE(gate_.reached_by(1));
  for (int i = 1; i < 20; ++i) outcomes.push_back(call(std::to_string(i)));
  gate_.open();
  for (Outcome& outcome : outcomes) EXPECT_NE(text(outcome), "");
  EXPECT_EQ(largest, 1U);
}

TEST_F(LiveModelTest, ADrainAnswersWhatIsThere) {
  hold_runs();
  serve_when_ready();
  Outcome running = call("running");
  Outcome waits = call("waits");
  EXPECT_TRUE(gate_.reached_by(1));
  auto drained = std::async(std::launch::async, [this] { model_->drain(seconds(30)); });
  EXPECT_TRUE(eventually([&] { return !model_->readiness().ready; }));
  gate_.open();
  drained.get();
  EXPECT_EQ(text(running), "running");
  EXPECT_EQ(text(waits), "waits");
}

TEST_F(LiveModelTest, AStopAnswersEveryone) {
  hold_runs();
  serve_when_ready();
  Outcome running = call("running");
  EXPECT_TRUE(gate_.reached_by(1));
  Outcome waits = call("waits");
  auto stopped = std::async(std::launch::async, [this] { model_->stop(); });
  EXPECT_TRUE(eventually([&] { return engine_.stopped.load(); }));
  gate_.open();
  stopped.get();
  EXPECT_EQ(text(running), "running");
  EXPECT_EQ(text(waits), "Unavailable");
  EXPECT_TRUE(model_->refusal(0));
}

}  // namespace
}  // namespace clary::serving
