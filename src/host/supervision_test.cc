#include "host/supervision.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/fake_sandbox.h"
#include "host/outcome.h"
#include "host/test_folder.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;

class SupervisionTest : public testing::Test {
 protected:
  Result<Supervision> run(FakeLife life, SupervisionLimits limits = {}) {
    const auto process = make_fake_process(std::move(life), record_, clock_);
    return supervise(*process, stop_, limits, clock_,
                     [this](StopCause cause) { told_.push_back(cause); });
  }
  // A stop request when the process has run for so long.
  std::function<void()> stop_after(Duration time, std::optional<Duration> grace = {}) {
    return [this, time, grace] {
      if (clock_.steady() >= time) stop_.request(grace);
    };
  }

  ManualClock clock_;
  StopSignal stop_;
  FakeSandboxRecord record_;
  std::vector<StopCause> told_;
};

TEST_F(SupervisionTest, WaitsForTheEnd) {
  const Result<Supervision> seen = run({.runs_for = 90s, .ends_with = {.code = 3}});
  EXPECT_EQ(seen->status.code, 3);
  EXPECT_EQ(seen->stopped_by, StopCause::kNone);
  EXPECT_EQ(seen->ran, 90s);
  EXPECT_TRUE(record_.signals.empty());
  EXPECT_EQ(record_.kills, 1) << "what the script left behind is killed";
}

TEST_F(SupervisionTest, StopsByRequest) {
  const Result<Supervision> seen = run({.runs_for = 1h, .on_wait = stop_after(10s)});
  EXPECT_EQ(seen->stopped_by, StopCause::kRequest);
  EXPECT_EQ(seen->status.signal, SIGTERM);
  EXPECT_FALSE(seen->killed);
  EXPECT_LE(seen->ran, 11s);
  EXPECT_EQ(told_, std::vector<StopCause>{StopCause::kRequest});
  EXPECT_EQ(record_.signals, std::vector<int>{SIGTERM});
}

TEST_F(SupervisionTest, EndsWhatIsDone) {
  const Result<Supervision> seen =
      run({.runs_for = 1h}, {.done = [this] { return clock_.steady() >= 10s; }});
  EXPECT_EQ(seen->stopped_by, StopCause::kDone);
  EXPECT_EQ(seen->status.signal, SIGTERM);
  EXPECT_LE(seen->ran, 11s);
  EXPECT_EQ(told_, std::vector<StopCause>{StopCause::kDone});
}

TEST_F(SupervisionTest, WhatIsDoneBecauseOfARequestIsStopped) {
  const Result<Supervision> seen = run({.runs_for = 1h, .on_wait = stop_after(10s)},
                                       {.done = [this] { return stop_.requested(); }});
  EXPECT_EQ(seen->stopped_by, StopCause::kRequest);
}

TEST_F(SupervisionTest, KillsAtOnceWhatTakesMoreThanItMay) {
  const Result<Supervision> seen =
      run({.runs_for = 1h}, {.exceeded = [this] { return clock_.steady() >= 10s; }});
  EXPECT_EQ(seen->stopped_by, StopCause::kExceeded);
  EXPECT_EQ(seen->status.signal, SIGKILL);
  EXPECT_LE(seen->ran, 11s);
  EXPECT_TRUE(told_.empty() && record_.signals.empty());
}

TEST_F(SupervisionTest, KillsWhatIgnoresSigtermAfterTheGrace) {
  const Result<Supervision> seen =
      run({.runs_for = 1h, .heeds_sigterm = false, .on_wait = stop_after(10s)});
  EXPECT_TRUE(seen->killed);
  EXPECT_EQ(seen->status.signal, SIGKILL);
  EXPECT_GE(seen->ran, 130s);
  EXPECT_LE(seen->ran, 131s);
  EXPECT_EQ(record_.signals, std::vector<int>{SIGTERM}) << "it is told once";
}

TEST_F(SupervisionTest, TakesTheGraceOfTheRequest) {
  EXPECT_LE(run({.runs_for = 1h, .heeds_sigterm = false, .on_wait = stop_after(10s, 5s)})->ran,
            16s);
}

TEST_F(SupervisionTest, EndsAtTheTimeLimit) {
  const Result<Supervision> seen = run({.runs_for = 1h}, {.max_runtime = 60s});
  EXPECT_EQ(seen->stopped_by, StopCause::kMaxRuntime);
  EXPECT_GE(seen->ran, 60s);
  EXPECT_LE(seen->ran, 61s);
}

TEST_F(SupervisionTest, AScriptThatSavesAndEndsWithinTheGraceEndsByItself) {
  const Result<Supervision> seen =
      run({.runs_for = 30s, .heeds_sigterm = false, .on_wait = stop_after(10s)});
  EXPECT_EQ(seen->stopped_by, StopCause::kRequest);
  EXPECT_EQ(seen->status.code, 0);
  EXPECT_FALSE(seen->killed);
}

TEST_F(SupervisionTest, GivesUpOnWhatCannotBeKilled) {
  const Result<Supervision> seen = run({.runs_for = 1h,
                                        .heeds_sigterm = false,
                                        .heeds_sigkill = false,
                                        .on_wait = stop_after(1s, 1s)});
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().code, ErrorCode::kInternal);
}

TEST(SignalWatch, TurnsSigtermIntoARequest) {
  StopSignal stop;
  auto watch = SignalWatch::start(stop);
  ASSERT_TRUE(watch.ok());
  ::kill(::getpid(), SIGHUP);
  ::kill(::getpid(), SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!stop.requested() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE(stop.requested());
  EXPECT_FALSE(stop.grace());
}

TEST(HostMarks, KeepTheOutcome) {
  const TestFolder folder;
  const HostMarks marks(folder.path());
  EXPECT_FALSE(marks.started());
  EXPECT_FALSE(marks.outcome()->has_value());
  ASSERT_TRUE(marks.mark_started(TimePoint()).ok());
  ASSERT_TRUE(marks
                  .keep_outcome({.kind = OutcomeKind::kMaxRuntime,
                                 .failure = "f",
                                 .exit_code = 1,
                                 .train_seconds = 7,
                                 .script_ran = true,
                                 .model_uri = "s3://b/m",
                                 .output_uri = "s3://b/o"})
                  .ok());
  const HostMarks again(folder.path());
  EXPECT_TRUE(again.started());
  EXPECT_FALSE(again.reported());
  const Outcome outcome = **again.outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::kMaxRuntime);
  EXPECT_EQ(outcome.failure, "f");
  EXPECT_EQ(outcome.train_seconds, 7);
  EXPECT_TRUE(outcome.script_ran);
  EXPECT_EQ(outcome.output_uri, "s3://b/o");
}

TEST(HostMarks, RefuseAnOutcomeOfAnotherForm) {
  const TestFolder folder;
  folder.write("outcome.json", "{\"outcome\": \"perhaps\"}");
  EXPECT_FALSE(HostMarks(folder.path()).outcome().ok());
}

}  // namespace
}  // namespace clary::host
