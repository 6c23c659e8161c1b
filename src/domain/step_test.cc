#include "domain/step.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace clary::domain {
namespace {

using enum Phase;
using enum JobEventKind;
using std::chrono::seconds;

const TimePoint kStart{seconds(1'700'000'000)};

Job job_in(Phase phase) {
  Job job{.name = JobName("j"), .gang = GangId("g")};
  job.phase = phase;
  job.created = job.modified = kStart;
  return job;
}

JobChange must(const Job& job, JobInput input, TimePoint now = kStart + seconds(1)) {
  auto change = step(job, input, now);
  EXPECT_TRUE(change.ok()) << change.error().message;
  return change.ok() ? *change : JobChange{.job = job};
}

// The whole behaviour, letter by letter: one row per phase, one column per event. A capital is the
// phase entered (P S D T U G=Stopping C F X=Stopped), '=' stays and notes the handle, '.' is
// ignored, '!' is refused.
TEST(Step, EveryPhaseMeetsEveryEvent) {
  // Columns: Submitted HostStarted StagingBegan ScriptStarted ScriptEnded HostCompleted HostFailed
  // HostStopped TimeLimit StopRequested HostLost Rejected.
  // clang-format off
  const std::map<Phase, std::string> expected = {
      {kPending,     "SSDTUCFXGGFF"},
      {kStarting,    "=.DTUCFXGGF!"},
      {kDownloading, "=..TUCFXGGF!"},
      {kTraining,    "=...UCFXGGF!"},
      {kUploading,   "=....CFX.GF!"},
      {kStopping,    "=....XFX..FX"},
      {kCompleted,   "=........!.."},
      {kFailed,      "=........!.."},
      {kStopped,     "=........!.."},
  };
  // clang-format on
  const std::string letters = "PSDTUGCFX";
  ASSERT_EQ(expected.size(), kPhaseCount);
  for (const auto& [phase, row] : expected) {
    ASSERT_EQ(row.size(), kJobEventCount);
    for (std::size_t event = 0; event < kJobEventCount; ++event) {
      const auto kind = static_cast<JobEventKind>(event);
      SCOPED_TRACE(std::string(phase_name(phase)) + " × " + std::string(job_event_name(kind)));
      const Job before = job_in(phase);
      const auto change = step(before, {.kind = kind, .message = "why", .gang_handle = "handle"},
                               kStart + seconds(9));
      const char wanted = row[event];
      if (wanted == '!') {
        ASSERT_FALSE(change.ok());
        EXPECT_EQ(change.error().code, ErrorCode::kConflict);
        continue;
      }
      ASSERT_TRUE(change.ok()) << change.error().message;
      if (wanted == '.' || wanted == '=') {
        EXPECT_EQ(change->job.phase, phase);
        EXPECT_TRUE(change->events.empty());
        EXPECT_EQ(change->job.gang_handle, wanted == '=' ? "handle" : "");
        EXPECT_TRUE(wanted == '=' || change->effects.empty());
        continue;
      }
      EXPECT_EQ(change->job.phase, static_cast<Phase>(letters.find(wanted)));
      ASSERT_EQ(change->events.size(), 1U);
      EXPECT_EQ(change->events[0].phase, change->job.phase);
      EXPECT_FALSE(change->events[0].message.empty());
    }
  }
}

TEST(Step, ANewJobAsksForItsGang) {
  const JobChange change = begin(job_in(kTraining), kStart);
  EXPECT_EQ(change.job.phase, kPending);
  ASSERT_EQ(change.events.size(), 1U);
  EXPECT_EQ(change.events[0].message, "Starting the training job");
  ASSERT_EQ(change.effects.size(), 1U);
  EXPECT_EQ(change.effects[0].kind, EffectKind::kSubmitGang);
  EXPECT_EQ(change.effects[0].gang, GangId("g"));
}

TEST(Step, TheLifeOfAServingJobIsThatOfAnInstance) {
  Job serving = job_in(kTraining);
  serving.kind = JobKind::kServing;
  EXPECT_EQ(begin(serving, kStart).events[0].message, "Starting the instance");
  EXPECT_EQ(must(serving, {.kind = kStopRequested}).events[0].message, "Stopping the instance");
}

TEST(Step, AStopBeforeTheGangWasSubmittedStopsItOnceItIs) {
  const JobChange stopping = must(job_in(kPending), {.kind = kStopRequested});
  EXPECT_EQ(stopping.job.phase, kStopping);
  const JobChange submitted = must(stopping.job, {.kind = kSubmitted, .gang_handle = "h"});
  EXPECT_EQ(submitted.job.phase, kStopping);
  ASSERT_EQ(submitted.effects.size(), 1U);
  EXPECT_EQ(submitted.effects[0].kind, EffectKind::kStopGang);
}

TEST(Step, AGangThatEndedBeforeItsHandleWasKnownIsRemoved) {
  const JobChange ended = must(job_in(kPending), {.kind = kHostCompleted});
  const JobChange submitted = must(ended.job, {.kind = kSubmitted, .gang_handle = "h"});
  EXPECT_EQ(submitted.job.phase, kCompleted);
  ASSERT_EQ(submitted.effects.size(), 1U);
  EXPECT_EQ(submitted.effects[0].kind, EffectKind::kRemoveGang);
}

TEST(Step, ATimeLimitIsToldApartFromAStop) {
  const Job limited = must(job_in(kTraining), {.kind = kTimeLimit}).job;
  EXPECT_EQ(limited.stop_reason, StopReason::kMaxRuntime);
  const JobChange stopped = must(limited, {.kind = kHostStopped});
  EXPECT_EQ(stopped.events[0].message,
            "Training job runtime exceeded MaxRuntimeInSeconds provided");

  const Job asked = must(job_in(kTraining), {.kind = kStopRequested}).job;
  EXPECT_EQ(must(asked, {.kind = kTimeLimit}).job.stop_reason, StopReason::kRequested);
  EXPECT_EQ(must(asked, {.kind = kHostStopped}).events[0].message, "Training job stopped");

  const JobInput too_long{.kind = kStopRequested, .stop_reason = StopReason::kMaxPending};
  const JobChange pending = must(job_in(kStarting), too_long);
  EXPECT_EQ(pending.job.stop_reason, StopReason::kMaxPending);
  EXPECT_EQ(pending.effects.at(0).kind, EffectKind::kStopGang);
  EXPECT_EQ(must(pending.job, {.kind = kHostStopped}).events[0].message,
            "Training job pending time exceeded MaxPendingTimeInSeconds provided");

  const JobInput ended_from_outside{.kind = kHostStopped, .stop_reason = StopReason::kRequested};
  EXPECT_EQ(must(limited, ended_from_outside).job.stop_reason, StopReason::kRequested);

  const JobInput by_itself{.kind = kHostStopped, .stop_reason = StopReason::kMaxRuntime};
  EXPECT_EQ(must(job_in(kTraining), by_itself).job.stop_reason, StopReason::kMaxRuntime);
}

TEST(Step, AFailureKeepsItsReasonAndClipsIt) {
  const JobChange failed = must(
      job_in(kTraining), {.kind = kHostFailed, .message = "AlgorithmError: x", .exit_code = 3});
  EXPECT_EQ(failed.job.failure_reason, "AlgorithmError: x");
  EXPECT_EQ(failed.job.exit_code, 3);
  EXPECT_EQ(failed.events[0].message, "Training job failed");

  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "ä";
  const std::string clipped =
      must(job_in(kTraining), {.kind = kHostFailed, .message = umlauts}).job.failure_reason;
  EXPECT_EQ(clipped.size(), 2 * 1021 + 3U);
  const std::string whole(1024, 'a');
  EXPECT_EQ(must(job_in(kTraining), {.kind = kHostFailed, .message = whole}).job.failure_reason,
            whole);
}

TEST(Step, BillsFromStagingToTheEnd) {
  const Job staging = must(job_in(kStarting), {.kind = kStagingBegan}, kStart + seconds(5)).job;
  const Job training = must(staging, {.kind = kScriptStarted}, kStart + seconds(6)).job;
  const Job done = must(training, {.kind = kHostCompleted}, kStart + seconds(15)).job;
  EXPECT_EQ(done.training_started, kStart + seconds(5));
  EXPECT_EQ(done.training_ended, kStart + seconds(15));
  const Job rejected = must(job_in(kPending), {.kind = kRejected, .message = "ClientError"}).job;
  EXPECT_FALSE(rejected.training_started || rejected.training_ended);
}

TEST(Step, AFaultOfTheMachineStartsTheNextAttempt) {
  Job job = job_in(kTraining);
  job.spec.retry_attempts = 2;
  for (const int attempt : {2, 3}) {
    job.phase = kTraining;
    job.gang_handle = "h";
    const JobChange change = must(job, {.kind = kHostLost, .message = "InternalServerError: gone"});
    EXPECT_EQ(change.job.phase, kPending);
    EXPECT_EQ(change.job.attempt, attempt);
    EXPECT_EQ(change.job.gang, GangId("g-" + std::to_string(attempt)));
    EXPECT_EQ(change.job.gang_handle, "");
    ASSERT_EQ(change.effects.size(), 2U);
    EXPECT_EQ(change.effects[0].kind, EffectKind::kRemoveGang);
    EXPECT_EQ(change.effects[0].gang, job.gang);
    EXPECT_EQ(change.effects[1].kind, EffectKind::kSubmitGang);
    EXPECT_EQ(change.effects[1].gang, change.job.gang);
    job = change.job;
  }
  job.phase = kUploading;
  EXPECT_EQ(must(job, {.kind = kHostLost, .message = "gone"}).job.phase, kFailed);
}

TEST(Step, AFaultOfTheScriptOrAStopStartsNothingAnew) {
  Job job = job_in(kTraining);
  job.spec.retry_attempts = 2;
  EXPECT_EQ(must(job, {.kind = kHostFailed, .message = "AlgorithmError: x"}).job.phase, kFailed);
  EXPECT_EQ(must(job, {.kind = kHostFailed, .message = "InternalServerError: x"}).job.phase,
            kPending);
  job.phase = kStopping;
  EXPECT_EQ(must(job, {.kind = kHostLost, .message = "gone"}).job.phase, kFailed);
}

TEST(Step, ANoticeAddsALineAndMovesNothing) {
  const JobChange change = notice(job_in(kTraining), "slow disk", kStart);
  EXPECT_EQ(change.job.phase, kTraining);
  ASSERT_EQ(change.events.size(), 1U);
  EXPECT_FALSE(change.events[0].phase.has_value());
  EXPECT_EQ(change.events[0].message, "slow disk");
}

// Any order of events, any clock: the job ends, its times never go back, and its effects make
// sense.
TEST(Step, EveryWalkEnds) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> any_event(0, kJobEventCount - 1);
  std::uniform_int_distribution<int> any_seconds(-5, 30);
  for (int walk = 0; walk < 2000; ++walk) {
    JobChange change = begin(job_in(kPending), kStart);
    Job job = change.job;
    TimePoint now = kStart;
    TimePoint last = kStart;
    int removals = 0;
    int moves = 0;
    for (int steps = 0; steps < 400 && !(is_terminal(job.phase) && steps > 350); ++steps) {
      now += seconds(any_seconds(random));
      const auto kind = static_cast<JobEventKind>(any_event(random));
      const auto next = step(job, {.kind = kind, .message = "m", .gang_handle = "h"}, now);
      if (!next.ok()) continue;
      for (const JobEvent& event : next->events) {
        EXPECT_GE(event.time, last);
        last = event.time;
        ++moves;
      }
      for (const Effect& effect : next->effects) {
        EXPECT_NE(effect.kind, EffectKind::kSubmitGang);
        EXPECT_TRUE(effect.kind != EffectKind::kStopGang || next->job.phase == kStopping);
        if (effect.kind == EffectKind::kRemoveGang) {
          EXPECT_TRUE(is_terminal(next->job.phase));
          if (!is_terminal(job.phase)) ++removals;
        }
      }
      EXPECT_GE(next->job.modified, job.modified);
      EXPECT_TRUE(!is_terminal(job.phase) || next->job.phase == job.phase);
      job = next->job;
    }
    EXPECT_TRUE(is_terminal(job.phase)) << phase_name(job.phase);
    EXPECT_EQ(removals, 1);
    EXPECT_LE(moves, 6);
    EXPECT_EQ(job.phase == kFailed, !job.failure_reason.empty());
    EXPECT_TRUE(!job.training_ended || *job.training_started <= *job.training_ended);
  }
}

}  // namespace
}  // namespace clary::domain
