// What the plan does case by case, and what must hold whatever happens in whatever order.
#include "hosting/endpoint_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "hosting/endpoint_failure.h"
#include "hosting/endpoint_fixture.h"

namespace clary::hosting {
namespace {

using domain::Endpoint;
using domain::EndpointStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;
using State = InstanceState;

// Carries plans out on instances that do what a test says.
class World {
 public:
  explicit World(int wanted) : endpoint(test_endpoint(wanted, now)) {}

  // Until nothing is left to do.
  void settle() {
    for (int i = 0; i < 20 && !gone; ++i) {
      const EndpointPlan next = plan(endpoint, views(), now);
      calls = next.calls;
      if (next.record) {
        EXPECT_TRUE(next.start.empty() && next.stop.empty());
        endpoint = *next.record;
        continue;
      }
      gone = next.remove;
      for (const InstanceId& id : next.start) {
        EXPECT_TRUE(used.insert(id).second) << "instance " << id.number << " is used twice";
        instances[id] = {.id = id, .begun = now, .since = now, .container = "primary"};
      }
      for (const InstanceStop& order : next.stop) {
        EXPECT_EQ(std::ranges::count(next.calls, order.id), 0) << "it takes calls and is stopped";
        enter(order.id, State::kStopping, true);
      }
      if (next.start.empty() && next.stop.empty()) return;
    }
    EXPECT_TRUE(gone) << "it does not come to rest";
  }

  void enter(const InstanceId& id, State state, bool asked = false) {
    InstanceView& view = instances.at(id);
    view.asked = view.asked || asked;
    view.state = state;
    view.since = now;
  }
  void all(State from, State to) {
    for (auto& [id, view] : instances) {
      if (view.state == from) enter(id, to);
    }
  }
  std::vector<InstanceView> views() const {
    std::vector<InstanceView> list;
    for (const auto& [id, view] : instances) list.push_back(view);
    return list;
  }
  std::size_t count(State state, std::uint64_t generation = 0) const {
    return static_cast<std::size_t>(std::ranges::count_if(instances, [&](const auto& one) {
      return one.second.state == state && (generation == 0 || one.first.generation == generation);
    }));
  }
  void in_service() {
    settle();
    all(State::kStarting, State::kReady);
    settle();
    ASSERT_EQ(endpoint.status, EndpointStatus::kInService);
  }
  void update(int count, std::uint64_t number = 2) {
    endpoint.status = EndpointStatus::kUpdating;
    endpoint.next = test_generation(number, count, now);
    endpoint.modified = now;
  }

  TimePoint now{seconds(1'700'000'000)};
  Endpoint endpoint;
  std::map<InstanceId, InstanceView> instances;
  std::set<InstanceId> used;
  std::vector<InstanceId> calls;
  bool gone = false;
};

TEST(EndpointPlan, ACreationIsInServiceWhenEveryInstanceIsReady) {
  World world(2);
  world.settle();
  EXPECT_EQ(world.count(State::kStarting), 2U);
  EXPECT_TRUE(world.calls.empty());
  world.enter({1, "v", 1}, State::kReady);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kCreating);
  world.enter({1, "v", 2}, State::kReady);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kInService);
  EXPECT_EQ(world.endpoint.serving->number, 1U);
  EXPECT_FALSE(world.endpoint.next);
  EXPECT_EQ(world.calls.size(), 2U);
}

TEST(EndpointPlan, ABrokenModelFailsTheCreationWithItsReasonAndEndsTheOthers) {
  World world(2);
  world.settle();
  world.enter({1, "v", 1}, State::kReady);
  world.instances.at({1, "v", 2}).reason = "the model could not be loaded: boom";
  world.enter({1, "v", 2}, State::kBroken);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kFailed);
  EXPECT_EQ(world.endpoint.failure_reason,
            "The primary container for production variant v did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint. the model could not be loaded: boom");
  EXPECT_EQ(world.count(State::kStopping), 2U);
  EXPECT_TRUE(world.endpoint.next) << "its configuration is still described";
}

TEST(EndpointPlan, WhatDoesNotStartInTimeFails) {
  World world(1);
  world.settle();
  world.now += seconds(599);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kCreating);
  world.now += seconds(1);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kFailed);
}

TEST(EndpointPlan, AFaultOfTheMachineIsTriedAgainAFewTimes) {
  World world(1);
  world.settle();
  for (int number = 1; number <= 4; ++number) {
    ASSERT_EQ(world.endpoint.status, EndpointStatus::kCreating) << number;
    world.instances.at({1, "v", number}).machine_fault = true;
    world.enter({1, "v", number}, State::kEnded);
    world.settle();
    world.now += seconds(60);
    world.settle();
  }
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kFailed);
}

TEST(EndpointPlan, AnUpdateSwitchesWhenAllOfTheNewIsReadyThenDrainsTheOld) {
  World world(1);
  world.in_service();
  world.update(2);
  world.settle();
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{1, "v", 1}}));
  world.enter({2, "v", 1}, State::kReady);
  world.settle();
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{1, "v", 1}}));
  world.enter({2, "v", 2}, State::kReady);
  const EndpointPlan switching = plan(world.endpoint, world.views(), world.now);
  ASSERT_TRUE(switching.record);
  world.endpoint = *switching.record;
  const EndpointPlan draining = plan(world.endpoint, world.views(), world.now);
  EXPECT_EQ(draining.calls.size(), 2U);
  ASSERT_EQ(draining.stop.size(), 1U);
  EXPECT_EQ(draining.stop[0].id, (InstanceId{1, "v", 1}));
  EXPECT_FALSE(draining.stop[0].at_once) << "calls may be under way to it";
}

TEST(EndpointPlan, AnUpdateThatFailsIsRolledBackAndItsNumberMayComeAgain) {
  World world(1);
  world.in_service();
  world.update(1);
  world.settle();
  world.enter({2, "v", 1}, State::kBroken);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kRollingBack);
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{1, "v", 1}}));
  world.all(State::kStopping, State::kEnded);
  world.instances.at({2, "v", 1}).asked = false;  // it was stopped for its fault
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kInService);
  EXPECT_FALSE(world.endpoint.failure_reason.empty());
  EXPECT_FALSE(world.endpoint.next);
  world.now += seconds(1);
  world.update(1);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kUpdating) << "what failed before is past";
  world.now += seconds(10);
  world.settle();
  world.all(State::kStarting, State::kReady);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kInService);
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{2, "v", 2}}));
}

TEST(EndpointPlan, InstancesComeAndGoWithTheirNumber) {
  World world(1);
  world.in_service();
  world.endpoint.status = EndpointStatus::kUpdating;
  world.endpoint.serving->variants[0].instances = 3;
  world.settle();
  EXPECT_EQ(world.count(State::kStarting), 2U);
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kUpdating);
  world.all(State::kStarting, State::kReady);
  world.settle();
  EXPECT_EQ(world.endpoint.status, EndpointStatus::kInService);
  world.enter({1, "v", 1}, State::kUnready);
  world.endpoint.serving->variants[0].instances = 1;
  world.settle();
  EXPECT_EQ(world.count(State::kStopping), 2U);
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{1, "v", 2}}))
      << "the oldest that is ready stays";
}

TEST(EndpointPlan, WhatDiesInServiceIsReplacedWithGrowingPauses) {
  World world(1);
  world.in_service();
  Duration waited{0};
  for (int number = 1; number <= 9; ++number) {
    world.enter({1, "v", number}, State::kEnded);
    const TimePoint died = world.now;
    world.settle();
    while (!world.instances.contains({1, "v", number + 1})) {
      world.now += milliseconds(500);
      ASSERT_LE(world.now - died, seconds(60));
      world.settle();
    }
    EXPECT_GE(world.now - died, std::max<Duration>(waited, seconds(1)));
    waited = world.now - died;
    EXPECT_EQ(world.endpoint.status, EndpointStatus::kInService);
  }
  EXPECT_EQ(waited, seconds(60));
  world.now += seconds(3600);
  world.enter({1, "v", 10}, State::kEnded);
  world.now += seconds(1);
  world.settle();
  EXPECT_TRUE(world.instances.contains({1, "v", 11})) << "it had lived long";
}

TEST(EndpointPlan, OnlyWhereNothingIsReadyCallsGoToWhatWasReady) {
  World world(2);
  world.in_service();
  world.enter({1, "v", 1}, State::kUnready);
  world.settle();
  EXPECT_EQ(world.calls, (std::vector<InstanceId>{{1, "v", 2}}));
  world.enter({1, "v", 2}, State::kUnready);
  world.settle();
  EXPECT_EQ(world.calls.size(), 2U);
  world.now += seconds(60);
  world.settle();
  EXPECT_EQ(world.count(State::kStopping), 2U);
}

TEST(EndpointPlan, ADeletionEndsEverythingThenTheRow) {
  World world(2);
  world.in_service();
  world.update(1);
  world.settle();
  world.endpoint.status = EndpointStatus::kDeleting;
  world.settle();
  EXPECT_TRUE(world.calls.empty());
  EXPECT_EQ(world.count(State::kStopping), 3U);
  EXPECT_FALSE(world.gone);
  world.all(State::kStopping, State::kEnded);
  world.settle();
  EXPECT_TRUE(world.gone);
}

TEST(EndpointPlan, WhatIsNotWholeIsBegunAgain) {
  World world(1);
  world.settle();
  world.instances.at({1, "v", 1}).whole = false;
  const EndpointPlan again = plan(world.endpoint, world.views(), world.now);
  EXPECT_EQ(again.start, (std::vector<InstanceId>{{1, "v", 1}}));
}

// Whatever happens: while an endpoint is in service, every instance of the serving generation that
// is ready and wanted takes calls; no number is used twice; in the end nothing is left.
class RandomLife : public testing::TestWithParam<unsigned> {};

TEST_P(RandomLife, KeepsCallsAndLeaksNothing) {
  std::mt19937 random(GetParam());
  World world(1 + static_cast<int>(random() % 3));
  std::uint64_t generation = 1;
  for (int i = 0; i < 300; ++i) {
    world.now += milliseconds(random() % 5000);
    for (const InstanceView& view : world.views()) {
      if (random() % 3 != 0) continue;
      if (view.state == State::kStopping) world.enter(view.id, State::kEnded);
      if (!is_live(view.state)) continue;
      const auto what = random() % 12;
      if (what == 0) world.enter(view.id, State::kEnded);
      if (what == 1 && view.state == State::kStarting) world.enter(view.id, State::kBroken);
      if (what == 2 && view.state == State::kReady) world.enter(view.id, State::kUnready);
      if (what > 4) world.enter(view.id, State::kReady);
    }
    if (world.endpoint.status == EndpointStatus::kInService && random() % 8 == 0)
      world.update(1 + static_cast<int>(random() % 3), ++generation);
    if (world.endpoint.status == EndpointStatus::kInService && random() % 8 == 0) {
      world.endpoint.serving->variants[0].instances = 1 + static_cast<int>(random() % 3);
      world.endpoint.status = EndpointStatus::kUpdating;
      world.endpoint.modified = world.now;
    }
    world.settle();
    if (world.endpoint.status == EndpointStatus::kFailed) break;
    if (!world.endpoint.serving) continue;
    const std::uint64_t serving = world.endpoint.serving->number;
    const std::size_t ready = world.count(State::kReady, serving);
    const auto wanted = static_cast<std::size_t>(world.endpoint.serving->variants[0].instances);
    ASSERT_LE(ready, wanted) << "surplus is stopped";
    ASSERT_TRUE(ready == 0 || world.calls.size() == ready);
    for (const InstanceId& id : world.calls) ASSERT_EQ(id.generation, serving);
  }
  world.endpoint.status = EndpointStatus::kDeleting;
  world.settle();
  world.all(State::kStopping, State::kEnded);
  world.settle();
  EXPECT_TRUE(world.gone);
  EXPECT_EQ(world.count(State::kEnded), world.instances.size());
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomLife, testing::Range(0U, 200U));

TEST(EndpointFailure, KeepsTheEndOfALongReason) {
  const std::string said = "AlgorithmError: " + std::string(2000, 'x') + "\nValueError: é boom";
  const std::string reason = failure_of_container("v", "primary", said);
  EXPECT_TRUE(reason.starts_with("The primary container for production variant v did not pass"));
  EXPECT_TRUE(reason.ends_with("ValueError: é boom"));
  const auto characters = std::ranges::count_if(reason, [](char c) { return (c & 0xC0) != 0x80; });
  EXPECT_EQ(static_cast<std::size_t>(characters), kFailureReasonCharacters);
  EXPECT_EQ(failure_of_container("v", "primary", "ClientError: no data"), "ClientError: no data");
}

}  // namespace
}  // namespace clary::hosting
