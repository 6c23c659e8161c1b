// The scaler over stores in memory: what it makes of metrics, and what it writes down.
#include "hosting/endpoint_scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "domain/fake_endpoint_store.h"
#include "domain/fake_record_store.h"
#include "hosting/endpoint_fixture.h"
#include "hosting/fake_endpoint_changes.h"
#include "telemetry/fake_metric_store.h"

namespace clary::hosting {
namespace {

using domain::EndpointStatus;
using domain::ScalingActivity;
using domain::ScalingOutcome;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kVariant = "endpoint/E/variant/v";

class EndpointScalerTest : public testing::Test {
 protected:
  EndpointScalerTest() {
    domain::Endpoint endpoint = test_endpoint(1, clock_.now());
    endpoint.serving = std::move(endpoint.next);
    endpoint.next.reset();
    endpoint.status = EndpointStatus::kInService;
    EXPECT_TRUE(endpoints_.create_endpoint(endpoint).ok());
    EXPECT_TRUE(
        records_
            .put_target({.resource = kVariant, .minimum = 1, .maximum = 4, .created = clock_.now()})
            .ok());
    domain::ScalingPolicy policy{.name = "p", .resource = kVariant};
    policy.tracking.value = 100;
    policy.tracking.metric = {.space = "AWS/SageMaker",
                              .name = "InvocationsPerInstance",
                              .statistic = "Sum",
                              .unit = "None",
                              .zero_when_absent = true};
    policy.modified = clock_.now();
    EXPECT_TRUE(records_.put_policy(policy).ok());
  }
  EndpointScaler::Parts parts() {
    return {.records = records_,
            .alarms = alarms_,
            .endpoints = endpoints_,
            .changes = changes_,
            .metrics = metrics_,
            .ids = ids_,
            .clock = clock_,
            .logger = silent_logger(),
            .period = minutes(1),
            .delay = seconds(5)};
  }
  // Minutes with so many calls each, and a look every ten seconds of them.
  void pass(int count, double calls) {
    for (int i = 0; i < count * 6; ++i) {
      clock_.advance(seconds(10));
      if (calls > 0) {
        ASSERT_TRUE(
            metrics_
                .append({{.series = {.space = "AWS/SageMaker", .name = "InvocationsPerInstance"},
                          .samples = {{.time = clock_.now() - seconds(1), .value = calls / 6}}}},
                        std::nullopt)
                .ok());
      }
      scaler_.look();
    }
  }
  domain::Endpoint endpoint() { return endpoints_.find_endpoint(EndpointName("E")).value(); }
  int wanted() { return endpoint().serving->variants.at(0).instances; }
  void change(const std::function<void(domain::Endpoint&)>& change) {
    domain::Endpoint record = endpoint();
    change(record);
    record.modified = clock_.now();
    ASSERT_TRUE(endpoints_.commit_endpoint(record).ok());
  }
  // As the keeper does when all instances are there, or have failed.
  void rest(const std::string& failure = "") {
    change([&](domain::Endpoint& record) {
      record.status = EndpointStatus::kInService;
      record.failure_reason = failure;
    });
  }
  std::vector<ScalingActivity> activities() {
    return records_.activities(kVariant, "", 100).value().activities;
  }

  ManualClock clock_;
  CountingIds ids_;
  domain::FakeEndpointStore endpoints_;
  domain::FakeRecordStore kept_;
  domain::ScalingRecords records_{kept_};
  domain::AlarmRecords alarms_{kept_};
  telemetry::FakeMetricStore metrics_;
  FakeEndpointChanges changes_;
  EndpointScaler scaler_{parts()};
};

TEST_F(EndpointScalerTest, ManyCallsBringMoreInstances) {
  pass(5, 290);
  EXPECT_EQ(wanted(), 3);
  EXPECT_EQ(endpoint().status, EndpointStatus::kUpdating);
  EXPECT_EQ(changes_.wakes(), 1);
  ASSERT_EQ(activities().size(), 1U);
  const ScalingActivity begun = activities()[0];
  EXPECT_EQ(begun.outcome, ScalingOutcome::kInProgress);
  EXPECT_EQ(begun.from, 1);
  EXPECT_EQ(begun.to, 3);
  EXPECT_THAT(begun.cause, testing::HasSubstr("InvocationsPerInstance was above 100"));
  EXPECT_FALSE(begun.ended.has_value());
  rest();
  scaler_.look();
  EXPECT_EQ(activities().at(0).outcome, ScalingOutcome::kSuccessful);
  EXPECT_EQ(activities().at(0).ended, clock_.now());
}

TEST_F(EndpointScalerTest, TwoMinutesAreNotEnough) {
  pass(2, 290);
  EXPECT_EQ(wanted(), 1);
  EXPECT_TRUE(activities().empty());
}

TEST_F(EndpointScalerTest, NothingIsDoneWhileTheEndpointChanges) {
  change([](domain::Endpoint& record) { record.status = EndpointStatus::kUpdating; });
  pass(6, 290);
  EXPECT_EQ(wanted(), 1);
}

TEST_F(EndpointScalerTest, WhatWasMeasuredBeforeAChangeDoesNotCount) {
  pass(3, 290);
  rest();
  pass(2, 290);
  EXPECT_EQ(wanted(), 1);
  pass(3, 290);
  EXPECT_EQ(wanted(), 3);
}

TEST_F(EndpointScalerTest, WithoutCallsInstancesAreTakenAwayAfterAQuarterOfAnHour) {
  change([](domain::Endpoint& record) { record.serving->variants[0].instances = 4; });
  pass(14, 0);
  EXPECT_EQ(wanted(), 4);
  pass(3, 0);
  EXPECT_EQ(wanted(), 1);
}

TEST_F(EndpointScalerTest, AfterAChangeItsCooldownPasses) {
  pass(5, 150);
  ASSERT_EQ(wanted(), 2);
  rest();
  pass(4, 150);
  EXPECT_EQ(wanted(), 2) << "within 300 s";
  pass(3, 150);
  EXPECT_EQ(wanted(), 3);
  EXPECT_EQ(activities().size(), 2U);
}

TEST_F(EndpointScalerTest, AChangeThatFailedIsWrittenDown) {
  pass(5, 290);
  rest("boom model");
  scaler_.look();
  EXPECT_EQ(activities().at(0).outcome, ScalingOutcome::kFailed);
  EXPECT_EQ(activities().at(0).failure, "boom model");
}

TEST_F(EndpointScalerTest, AnotherNumberMeanwhileOverridesIt) {
  pass(5, 290);
  change([](domain::Endpoint& record) { record.serving->variants[0].instances = 1; });
  rest();
  scaler_.look();
  EXPECT_EQ(activities().at(0).outcome, ScalingOutcome::kOverridden);
}

TEST_F(EndpointScalerTest, TheNextServerFollowsAChangeToItsEnd) {
  pass(5, 290);
  rest();
  EndpointScaler next{parts()};
  next.look();
  EXPECT_EQ(activities().at(0).outcome, ScalingOutcome::kSuccessful);
}

TEST_F(EndpointScalerTest, AVariantThatIsGoneIsForgotten) {
  pass(5, 290);
  ASSERT_TRUE(endpoints_.remove_endpoint(EndpointName("E")).ok());
  scaler_.look();
  EXPECT_TRUE(records_.targets().value().empty());
  EXPECT_TRUE(records_.policies("").value().empty());
  EXPECT_EQ(activities().at(0).outcome, ScalingOutcome::kUnfulfilled);
}

TEST_F(EndpointScalerTest, AnEndpointThatHasNoSuchVariantAnyMoreTakesItsTarget) {
  change([](domain::Endpoint& record) { record.serving->variants[0].asked.name = "w"; });
  scaler_.look();
  EXPECT_TRUE(records_.targets().value().empty());
}

TEST_F(EndpointScalerTest, ItStaysAsItIsWhileTheRecordsCannotBeWritten) {
  kept_.set_broken(true);
  pass(6, 290);
  EXPECT_EQ(wanted(), 1);
  kept_.set_broken(false);
  scaler_.look();
  EXPECT_EQ(wanted(), 3);
}

TEST_F(EndpointScalerTest, NothingIsLookedAtWhilePaused) {
  scaler_.pause();
  pass(6, 290);
  EXPECT_EQ(wanted(), 1);
  scaler_.resume();
  scaler_.look();
  EXPECT_EQ(wanted(), 3);
}

TEST_F(EndpointScalerTest, OldActivitiesAreForgotten) {
  pass(5, 290);
  rest();
  pass(1, 0);
  ASSERT_EQ(activities().size(), 1U);
  ASSERT_TRUE(records_.put_target({.resource = kVariant, .maximum = 4, .in_suspended = true}).ok());
  clock_.advance(std::chrono::weeks(6));
  scaler_.look();
  EXPECT_TRUE(activities().empty());
}

class StepScalingTest : public EndpointScalerTest {
 protected:
  StepScalingTest() {
    domain::ScalingPolicy policy{.name = "steps", .resource = kVariant, .arn = "arn:steps"};
    policy.steps = domain::StepRule{
        .steps = {{.lower = 0, .upper = 100, .adjustment = 1}, {.lower = 100, .adjustment = 2}},
        .cooldown_seconds = 120};
    policy.modified = clock_.now();
    EXPECT_TRUE(records_.remove_policy(kVariant, "p").ok());
    EXPECT_TRUE(records_.put_policy(policy).ok());
    domain::Alarm alarm{.name = "busy", .threshold = 200, .actions = {"arn:steps"}};
    alarm.metric = {.space = "AWS/SageMaker",
                    .name = "InvocationsPerInstance",
                    .statistic = "Sum",
                    .unit = "None"};
    EXPECT_TRUE(alarms_.put(alarm).ok());
  }
  domain::AlarmState state() { return alarms_.all().value().at(0).state; }
};

TEST_F(StepScalingTest, AnAlarmThatGoesOffTakesItsStep) {
  pass(3, 250);
  EXPECT_EQ(state().value, "ALARM");
  EXPECT_EQ(wanted(), 2);
  EXPECT_EQ(activities().at(0).cause, "monitor alarm busy in state ALARM triggered policy steps");
}

TEST_F(StepScalingTest, AFartherMetricTakesAHigherStep) {
  pass(3, 350);
  EXPECT_EQ(wanted(), 3);
}

TEST_F(StepScalingTest, WhileItIsOffStepsAreTakenAfterEachCooldown) {
  pass(3, 250);
  ASSERT_EQ(wanted(), 2);
  rest();
  pass(2, 250);
  EXPECT_EQ(wanted(), 2);
  pass(2, 250);
  EXPECT_EQ(wanted(), 3);
}

TEST_F(StepScalingTest, AnAlarmThatIsNotOffTakesNone) {
  pass(3, 190);
  EXPECT_EQ(state().value, "OK");
  EXPECT_EQ(wanted(), 1);
  EXPECT_TRUE(activities().empty());
}

TEST_F(StepScalingTest, AStateSetByHandLastsUntilALaterPeriodIsOver) {
  domain::AlarmState set = state();
  set.value = "ALARM";
  set.measured = clock_.now();
  ASSERT_TRUE(alarms_.put_state(set).ok());
  scaler_.look();
  EXPECT_EQ(wanted(), 2);
  EXPECT_EQ(state().value, "ALARM");
  rest();
  pass(3, 0);
  EXPECT_EQ(state().value, "INSUFFICIENT_DATA");
  EXPECT_EQ(wanted(), 2);
}

}  // namespace
}  // namespace clary::hosting
