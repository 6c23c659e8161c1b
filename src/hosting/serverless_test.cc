// Serverless variants: what their plan starts and stops, which calls wait, which are refused.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "hosting/endpoint_keeper_fixture.h"
#include "hosting/serverless_variants.h"

namespace clary::hosting {
namespace {

using domain::EndpointStatus;
using domain::Phase;
using std::chrono::seconds;
using State = InstanceState;

domain::EndpointGeneration serverless_generation(std::uint64_t number, TimePoint begun,
                                                 int most = 2, int provisioned = 0) {
  domain::EndpointGeneration made = test_generation(number, 0, begun);
  made.variants[0].asked.serverless =
      domain::Serverless{.max_concurrency = most, .provisioned = provisioned};
  return made;
}

domain::Endpoint serverless_endpoint(TimePoint now, int most = 2, int provisioned = 0) {
  domain::Endpoint endpoint = test_endpoint(0, now);
  endpoint.next = serverless_generation(1, now, most, provisioned);
  return endpoint;
}

// ---- the plan ----

class ServerlessPlan : public testing::Test {
 protected:
  ServerlessPlan() {
    endpoint_.serving = std::move(endpoint_.next);
    endpoint_.next.reset();
    endpoint_.status = EndpointStatus::kInService;
  }
  EndpointPlan planned(VariantNeed need) {
    const std::vector<VariantDemand> demands = {{.variant = "v", .need = need}};
    return plan(endpoint_, instances_, now_, demands);
  }
  void instance(int number, State state, bool asked = false) {
    instances_.push_back({.id = {1, "v", number},
                          .state = state,
                          .asked = asked,
                          .begun = now_,
                          .since = now_,
                          .container = "primary"});
  }

  TimePoint now_{seconds(1'700'000'000)};
  domain::Endpoint endpoint_ = serverless_endpoint(now_);
  std::vector<InstanceView> instances_;
};

TEST_F(ServerlessPlan, ACreationStartsOneInstanceToSeeThatItsModelLoads) {
  endpoint_ = serverless_endpoint(now_);
  const EndpointPlan first = planned(VariantNeed::kNothing);
  ASSERT_EQ(first.start.size(), 1U);
  EXPECT_EQ(first.start[0].number, 1);
  instance(1, State::kStarting);
  EXPECT_FALSE(planned(VariantNeed::kNothing).record);
  instances_[0].state = State::kReady;
  const EndpointPlan done = planned(VariantNeed::kNothing);
  ASSERT_TRUE(done.record);
  EXPECT_EQ(done.record->status, EndpointStatus::kInService);
}

TEST_F(ServerlessPlan, ABrokenModelFailsTheCreation) {
  endpoint_ = serverless_endpoint(now_);
  instance(1, State::kBroken);
  const EndpointPlan made = planned(VariantNeed::kNothing);
  ASSERT_TRUE(made.record);
  EXPECT_EQ(made.record->status, EndpointStatus::kFailed);
}

TEST_F(ServerlessPlan, WhatNobodyCallsIsStoppedOnceItsCallsHaveEnded) {
  instance(1, State::kReady);
  EXPECT_TRUE(planned(VariantNeed::kWhatIsThere).stop.empty());
  EXPECT_TRUE(planned(VariantNeed::kInstance).stop.empty());
  const EndpointPlan idle = planned(VariantNeed::kNothing);
  ASSERT_EQ(idle.stop.size(), 1U);
  EXPECT_FALSE(idle.stop[0].at_once);
  EXPECT_TRUE(idle.calls.empty());
}

TEST_F(ServerlessPlan, OnlyACallStartsAnInstanceOfWhatIsCold) {
  instance(1, State::kEnded, true);
  EXPECT_TRUE(planned(VariantNeed::kNothing).start.empty());
  EXPECT_TRUE(planned(VariantNeed::kWhatIsThere).start.empty());
  const EndpointPlan called = planned(VariantNeed::kInstance);
  ASSERT_EQ(called.start.size(), 1U);
  EXPECT_EQ(called.start[0].number, 2);
}

TEST_F(ServerlessPlan, WhatDiedWaitsAsEveryReplacementDoes) {
  instance(1, State::kEnded);
  EXPECT_TRUE(planned(VariantNeed::kInstance).start.empty());
  now_ += seconds(1);
  EXPECT_EQ(planned(VariantNeed::kInstance).start.size(), 1U);
}

TEST_F(ServerlessPlan, ProvisionedConcurrencyKeepsTheInstance) {
  endpoint_.serving->variants[0].asked.serverless->provisioned = 1;
  EXPECT_EQ(planned(VariantNeed::kNothing).start.size(), 1U);
  instance(1, State::kReady);
  EXPECT_TRUE(planned(VariantNeed::kNothing).stop.empty());
}

TEST_F(ServerlessPlan, AnUpdateFromColdToInstancesAndBack) {
  endpoint_.status = EndpointStatus::kUpdating;
  endpoint_.next = test_generation(2, 1, now_);
  const EndpointPlan made = planned(VariantNeed::kNothing);
  ASSERT_EQ(made.start.size(), 1U);
  EXPECT_EQ(made.start[0].generation, 2U);
  endpoint_.serving = test_generation(1, 1, now_);
  endpoint_.next = serverless_generation(2, now_);
  instance(1, State::kReady);
  const EndpointPlan back = planned(VariantNeed::kNothing);
  ASSERT_EQ(back.start.size(), 1U) << "the model is loaded once before anything is switched";
  EXPECT_EQ(back.calls.size(), 1U);
}

TEST_F(ServerlessPlan, WeightsChangeAndADeletionEndsWhileItIsCold) {
  endpoint_.status = EndpointStatus::kUpdating;
  const EndpointPlan weighed = planned(VariantNeed::kNothing);
  ASSERT_TRUE(weighed.record);
  EXPECT_EQ(weighed.record->status, EndpointStatus::kInService);
  endpoint_.status = EndpointStatus::kDeleting;
  EXPECT_TRUE(planned(VariantNeed::kInstance).remove);
}

// ---- gates ----

TEST(CallGate, LetsSoManyInAndKnowsWhenTheLastOneLeft) {
  ManualClock clock;
  const auto gate = std::make_shared<CallGate>(1, clock.steady());
  ASSERT_TRUE(gate->enter());
  std::optional<GatePass> pass(std::in_place, gate, clock);
  EXPECT_FALSE(gate->enter());
  clock.advance(seconds(10));
  EXPECT_EQ(gate->idle(clock.steady()), Duration(0)) << "a call is under way";
  pass.reset();
  EXPECT_EQ(gate->under_way(), 0);
  clock.advance(seconds(3));
  EXPECT_EQ(gate->idle(clock.steady()), Duration(seconds(3)));
  gate->set_most(2);
  EXPECT_TRUE(gate->enter() && gate->enter());
}

// ---- the keeper ----

class ServerlessKeeper : public EndpointKeeperTest {
 protected:
  void cold(int most = 2) {
    create(serverless_endpoint(clock_.now(), most));
    answer(job(1), Health::Answer::kReady);
    ASSERT_EQ(endpoint().status, EndpointStatus::kInService);
    clock_.advance(seconds(301));
    keeper_->look();
    ASSERT_EQ(phase(job(1)), Phase::kStopping);
    end(job(1));
  }
  // What a call says that comes now and waits; `meanwhile` runs once it does.
  std::string call_and(const std::function<void()>& meanwhile) {
    std::promise<void> waits;
    live_.set_on_wanted([&] { waits.set_value(); });
    std::string said;
    {
      const std::jthread caller([&] { said = call(); });
      waits.get_future().wait();
      meanwhile();
    }
    return said;
  }
  std::vector<std::string> told() {
    return logs_.lines(LogGroup("/aws/sagemaker/Endpoints/E"), LogStream("v/data-log"));
  }
};

TEST_F(ServerlessKeeper, ItsInstanceStaysAsLongAsItIsCalled) {
  create(serverless_endpoint(clock_.now()));
  answer(job(1), Health::Answer::kReady);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(seconds(299));
    EXPECT_EQ(call(), "unix:/" + job(1).value());
    keeper_->look();
  }
  EXPECT_EQ(phase(job(1)), Phase::kPending);
  clock_.advance(seconds(301));
  keeper_->look();
  EXPECT_EQ(phase(job(1)), Phase::kStopping);
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
}

TEST_F(ServerlessKeeper, ACallThatWaitsIsAnsweredByTheInstanceItStarts) {
  cold();
  EXPECT_EQ(live_.sight(EndpointName("e"), "v")->instances, 0);
  const std::string said = call_and([&] {
    keeper_->look();
    EXPECT_EQ(phase(job(2)), Phase::kPending);
    EXPECT_TRUE(live_.sight(EndpointName("e"), "v")->starting);
    clock_.advance(seconds(2));
    answer(job(2), Health::Answer::kReady);
  });
  EXPECT_EQ(said, "unix:/" + job(2).value());
  EXPECT_EQ(live_.sight(EndpointName("e"), "v")->instances, 1);
  const std::vector<std::string> lines = told();
  ASSERT_EQ(lines.size(), 3U) << "the first start, its end, the second start";
  EXPECT_TRUE(lines[1].starts_with("No calls for 5 min"));
  EXPECT_EQ(lines[2], "Cold start: an instance takes calls after 2.0 s");
}

TEST_F(ServerlessKeeper, HowLongAStartTakesIsAMetric) {
  create(serverless_endpoint(clock_.now()));
  clock_.advance(seconds(3));
  answer(job(1), Health::Answer::kReady);
  clock_.advance(seconds(10));
  keeper_->look();
  double microseconds = 0;
  const auto summaries = metrics_.summaries("AWS/SageMaker", "EndpointName", "E");
  ASSERT_TRUE(summaries.ok());
  for (const auto& summary : *summaries) {
    EXPECT_EQ(summary.name, "ModelSetupTime") << "there was no call";
    microseconds = summary.sum;
  }
  EXPECT_EQ(microseconds, 3e6);
}

TEST_F(ServerlessKeeper, AStartThatFailsFailsTheCallsThatWaitForIt) {
  cold();
  EXPECT_EQ(call_and([&] {
              keeper_->look();
              end(job(2), domain::JobEventKind::kHostFailed);
            }),
            "Unavailable");
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
}

TEST_F(ServerlessKeeper, ADeletionWhileACallWaits) {
  cold();
  EXPECT_EQ(call_and([&] {
              change([](domain::Endpoint& record) { record.status = EndpointStatus::kDeleting; });
            }),
            "InvalidArgument");
}

TEST_F(ServerlessKeeper, AnUpdateToInstancesAnswersTheCallsThatWait) {
  cold();
  const std::string said = call_and([&] {
    change([this](domain::Endpoint& record) {
      record.status = EndpointStatus::kUpdating;
      record.next = test_generation(2, 1, clock_.now());
      record.next->variants[0].asked.name = "other";
    });
    const JobName replaced(job(1, 2).value().substr(0, job(1, 2).value().size() - 1) + "other");
    answer(replaced, Health::Answer::kReady);
  });
  EXPECT_TRUE(said.ends_with("-other")) << said;
}

TEST_F(ServerlessKeeper, MoreCallsThanItMayHaveAreRefused) {
  create(serverless_endpoint(clock_.now(), 1));
  answer(job(1), Health::Answer::kReady);
  std::string second;
  on_call_ = [&] {
    if (second.empty()) second = call();
  };
  EXPECT_EQ(call(), "unix:/" + job(1).value());
  EXPECT_EQ(second, "LimitExceeded");
  EXPECT_EQ(call(), "unix:/" + job(1).value()) << "the first has left";
}

TEST_F(ServerlessKeeper, ACallWaitsNoLongerThanAnInvocationMayTake) {
  cold();
  EXPECT_EQ(call_and([&] { clock_.advance(seconds(60)); }), "Timeout");
}

TEST_F(ServerlessKeeper, AfterARestartItCountsAsCalledJustThen) {
  create(serverless_endpoint(clock_.now()));
  answer(job(1), Health::Answer::kReady);
  clock_.advance(seconds(1000));
  restart();
  keeper_->look();
  EXPECT_EQ(phase(job(1)), Phase::kPending);
}

TEST_F(ServerlessKeeper, WhatHasNoEffectIsToldOnceInItsLog) {
  domain::Endpoint made = test_endpoint(2, clock_.now());
  made.next->notices = {"VpcConfig has no effect: there is none"};
  create(made);
  keeper_->look();
  EXPECT_EQ(told(), std::vector<std::string>{"VpcConfig has no effect: there is none"});
}

}  // namespace
}  // namespace clary::hosting
