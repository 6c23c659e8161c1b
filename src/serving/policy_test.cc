// The pure decisions: who may wait, how many go together, what a lane does next.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

#include "serving/admission.h"
#include "serving/batching.h"
#include "serving/lane_plan.h"

namespace clary::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Admission, AFullQueueIsRefusedWithTheTimeItTakes) {
  const QueueLimits limits{.waiting = 10};
  QueueSnapshot queue{.waiting = 9, .lanes = 2, .service_time = seconds(1)};
  EXPECT_FALSE(refusal_of(queue, limits, 100));
  queue.waiting = 10;
  const auto refused = refusal_of(queue, limits, 100);
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->sentence.find("10 requests wait"), std::string::npos) << refused->sentence;
  EXPECT_EQ(refused->retry_after, seconds(5));
}

TEST(Admission, RetryAfterIsOneSecondToAMinute) {
  EXPECT_EQ(retry_after({.waiting = 0}), seconds(1));
  EXPECT_EQ(retry_after({.waiting = 10, .service_time = milliseconds(1)}), seconds(1));
  EXPECT_EQ(retry_after({.waiting = 10'000, .service_time = seconds(1)}), seconds(60));
}

TEST(Admission, BodiesAreBoundedTogetherButOneAloneMayBeLarge) {
  const QueueLimits limits{.held_bytes = 100};
  EXPECT_FALSE(refusal_of({.held_bytes = 0}, limits, 1000));
  EXPECT_FALSE(refusal_of({.held_bytes = 60}, limits, 40));
  EXPECT_TRUE(refusal_of({.held_bytes = 60}, limits, 41));
  EXPECT_TRUE(refusal_of({.held_bytes = 1000}, limits, 1));
}

TEST(Admission, WhatCannotBeReachedSaysWhy) {
  const auto refused = refusal_of({.reachable = false, .reason = "loading"}, {}, 0);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->sentence, "loading");
}

// A model that takes `fixed` per call and `each` per request.
Duration cost(Duration fixed, Duration each, std::size_t size) {
  return fixed + each * static_cast<Duration::rep>(size);
}

BatchTimes measured(Duration fixed, Duration each, std::size_t up_to) {
  BatchTimes times;
  for (std::size_t size = 1; size <= up_to; size *= 2) times.add(size, cost(fixed, each, size));
  return times;
}

TEST(Batching, AModelWithoutBatchesGetsOne) {
  EXPECT_EQ(choose_batch({.waiting = 50, .most = 1}, {}), 1U);
}

TEST(Batching, NobodyWaitsForCompany) {
  const BatchTimes times = measured(milliseconds(10), milliseconds(1), 64);
  EXPECT_EQ(choose_batch({.waiting = 1, .most = 64}, times), 1U);
}

TEST(Batching, TakesAllThatWaitsWhereItPays) {
  const BatchTimes times = measured(milliseconds(10), milliseconds(1), 64);
  EXPECT_EQ(choose_batch({.waiting = 64, .most = 64}, times), 64U);
  EXPECT_EQ(choose_batch({.waiting = 13, .most = 64}, times), 13U);
  EXPECT_EQ(choose_batch({.waiting = 64, .most = 8}, times), 8U);
}

TEST(Batching, TurnsItselfOffWhereItDoesNotPay) {
  const BatchTimes times = measured(Duration(0), milliseconds(3), 64);
  EXPECT_EQ(choose_batch({.waiting = 64, .most = 64}, times), 1U);
  // Now and then it looks again, one size further.
  EXPECT_EQ(choose_batch({.waiting = 64, .most = 2, .look_again = true}, times), 2U);
}

TEST(Batching, LeavesTheOtherFreeLanesTheirShare) {
  const BatchTimes times = measured(milliseconds(10), milliseconds(1), 64);
  EXPECT_EQ(choose_batch({.waiting = 8, .most = 64, .free_lanes = 4}, times), 2U);
}

TEST(Batching, HoldsTheLatencyLimit) {
  const BatchTimes times = measured(milliseconds(10), milliseconds(1), 64);
  const std::size_t chosen =
      choose_batch({.waiting = 64, .most = 64, .latency_limit = milliseconds(20)}, times);
  EXPECT_EQ(chosen, 8U);
}

TEST(Batching, WhatIsLeftOverHoldsTheLatencyLimitToo) {
  const BatchTimes times = measured(Duration(0), milliseconds(1), 1);
  BatchTimes paying = times;
  paying.add(2, Duration(1200));
  paying.add(4, Duration(2000));
  EXPECT_EQ(choose_batch({.waiting = 7, .most = 8}, paying), 7U);
  EXPECT_EQ(choose_batch({.waiting = 7, .most = 8, .latency_limit = milliseconds(3)}, paying), 4U);
}

TEST(Batching, TheSlowOnesHoldTheLatencyLimitToo) {
  const auto chosen = [](Duration spread) {
    BatchTimes times;
    for (int i = 0; i < 200; ++i) {
      times.add(1, milliseconds(11));
      times.add(2, milliseconds(12));
      times.add(4, milliseconds(14) + (i % 2 == 0 ? spread : -spread));
    }
    return choose_batch({.waiting = 4, .most = 4, .latency_limit = milliseconds(20)}, times);
  };
  EXPECT_EQ(chosen(Duration(0)), 4U);
  EXPECT_EQ(chosen(milliseconds(5)), 2U);
}

TEST(Batching, TriesEachSizeOnceOnItsWayUp) {
  BatchTimes times;
  std::vector<std::size_t> tried;
  for (int i = 0; i < 7; ++i) {
    const std::size_t size = choose_batch({.waiting = 64, .most = 64}, times);
    tried.push_back(size);
    times.add(size, cost(milliseconds(10), milliseconds(1), size));
  }
  EXPECT_EQ(tried, (std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64}));
}

// One lane and requests that arrive at fixed intervals: the time each takes from arrival to answer.
Duration mean_latency(Duration interval, Duration fixed, Duration each, std::size_t most) {
  constexpr int kRequests = 2000;
  BatchTimes times;
  std::deque<Duration> queue;
  Duration now{0};
  Duration total{0};
  int arrived = 0;
  int answered = 0;
  while (answered < kRequests) {
    while (arrived < kRequests && interval * arrived <= now) queue.push_back(interval * arrived++);
    if (queue.empty()) {
      now = interval * arrived;
      continue;
    }
    const std::size_t size = choose_batch({.waiting = queue.size(), .most = most}, times);
    const Duration took = cost(fixed, each, size);
    times.add(size, took);
    now += took;
    for (std::size_t i = 0; i < size; ++i, ++answered) {
      total += now - queue.front();
      queue.pop_front();
    }
  }
  return total / kRequests;
}

TEST(Batching, IsNeverSlowerThanNoBatches) {
  for (const Duration interval : {Duration(500), Duration(2000), Duration(12'000)}) {
    for (const Duration fixed : {Duration(0), Duration(3000), Duration(10'000)}) {
      const Duration each(1000);
      const Duration alone = mean_latency(interval, fixed, each, 1);
      const Duration together = mean_latency(interval, fixed, each, 64);
      EXPECT_LE(together.count(), alone.count() + alone.count() / 50)
          << "every " << interval.count() << " us, " << fixed.count() << " us fixed";
    }
  }
}

TEST(Batching, KeepsUpWhereOneByOneCannot) {
  // 500 a second; one alone takes 11 ms.
  const Duration together = mean_latency(milliseconds(2), milliseconds(10), milliseconds(1), 64);
  EXPECT_LT(together, milliseconds(60));
}

TEST(LanePlan, IsOpenedAtOnceAndAgainAfterGrowingPauses) {
  EXPECT_EQ(next_step({}, Duration(0)).step, LaneStep::kOpen);
  LaneView lane{.since = seconds(10), .failed_opens = 1};
  const LaneDecision waits = next_step(lane, seconds(10));
  EXPECT_EQ(waits.step, LaneStep::kWait);
  EXPECT_EQ(waits.wait, open_delay(1));
  EXPECT_EQ(next_step(lane, seconds(10) + waits.wait).step, LaneStep::kOpen);
  EXPECT_EQ(open_delay(0), Duration(0));
  EXPECT_EQ(open_delay(2), open_delay(1) * 2);
  EXPECT_EQ(open_delay(1000), seconds(30));
}

TEST(LanePlan, AnUnloadedModelIsServedAndOpenedAgainByAndBy) {
  LaneView lane{.phase = LanePhase::kUnloaded, .since = seconds(1), .failed_opens = 3};
  EXPECT_EQ(next_step(lane, seconds(1)).step, LaneStep::kServe);
  EXPECT_EQ(next_step(lane, seconds(1) + open_delay(3)).step, LaneStep::kOpen);
  lane.phase = LanePhase::kServing;
  EXPECT_EQ(next_step(lane, seconds(1000)).step, LaneStep::kServe);
}

TEST(LanePlan, ReadyFirstWhenAllAreAndThenWhileOneIs) {
  std::array<LaneView, 2> lanes;
  ModelSnapshot model{.lanes = lanes};
  EXPECT_FALSE(readiness_of(model).ready);
  lanes[0].phase = LanePhase::kServing;
  const Readiness half = readiness_of(model);
  EXPECT_FALSE(half.ready);
  EXPECT_NE(half.sentence.find("1 of 2"), std::string::npos) << half.sentence;
  lanes[1].phase = LanePhase::kServing;
  EXPECT_TRUE(readiness_of(model).ready);
  model.was_ready = true;
  lanes[0].phase = LanePhase::kClosed;
  EXPECT_TRUE(readiness_of(model).ready);
  lanes[1].phase = LanePhase::kUnloaded;
  lanes[1].reason = "boom model";
  EXPECT_NE(readiness_of(model).sentence.find("boom model"), std::string::npos);
  EXPECT_FALSE(readiness_of(model).failed) << "the other lane may still load it";
  lanes[0].reason = "boom model";
  EXPECT_TRUE(readiness_of(model).failed);
  lanes[1].phase = LanePhase::kServing;
  EXPECT_FALSE(readiness_of(model).failed);
  model.draining = true;
  EXPECT_FALSE(readiness_of(model).ready);
}

}  // namespace
}  // namespace clary::serving
