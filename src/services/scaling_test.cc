// Application Auto Scaling's operations over stores in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/fake_record_store.h"
#include "services/alarms.h"
#include "services/scalable_targets.h"
#include "services/scaling_policies.h"
#include "services/scaling_resources.h"
#include "services/serving_fixture.h"

namespace clary::services {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kVariant = "endpoint/Endpoint/variant/AllTraffic";
constexpr const char* kNamed =
    R"("ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
       "ResourceId": "endpoint/Endpoint/variant/AllTraffic")";
constexpr const char* kTracking = R"("PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "PredefinedMetricSpecification":
    {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}})";

class ScalingTest : public ServingTest {
 protected:
  ScalingTest() {
    made();
    in_service();
  }
  // more: members after those that name the variant.
  std::string register_with(const std::string& more) {
    return said(targets_.register_target(
        from_json<api::RegisterScalableTargetRequest>("{" + std::string(kNamed) + more + "}"),
        context_));
  }
  std::string register_resource(const std::string& resource, const std::string& dimension,
                                const std::string& space = "sagemaker") {
    return said(targets_.register_target({.service_namespace = space,
                                          .resource_id = resource,
                                          .scalable_dimension = dimension,
                                          .min_capacity = 1,
                                          .max_capacity = 2},
                                         context_));
  }
  void registered() { ASSERT_EQ(register_with(R"(, "MinCapacity": 1, "MaxCapacity": 3)"), ""); }
  std::string put(const std::string& members, const std::string& name = "p") {
    return said(policies_.put(policy_request(members, name), context_));
  }
  static api::PutScalingPolicyRequest policy_request(const std::string& members,
                                                     const std::string& name) {
    return from_json<api::PutScalingPolicyRequest>(R"({"PolicyName": ")" + name + "\", " +
                                                   std::string(kNamed) + ", " + members + "}");
  }
  std::string put_tracking(const std::string& configuration) {
    return put(R"("TargetTrackingScalingPolicyConfiguration": {)" + configuration + "}");
  }
  domain::ScalableTarget target() { return records_.find_target(kVariant).value(); }
  domain::TrackingRule rule() { return records_.find_policy(kVariant, "p").value().tracking; }

  domain::FakeRecordStore kept_;
  domain::ScalingRecords records_{kept_};
  ScalableTargets targets_{records_, store_};
  domain::AlarmRecords alarm_records_{kept_};
  ScalingPolicies policies_{records_, alarm_records_, ids_};
  Alarms alarms_{alarm_records_};
};

TEST_F(ScalingTest, ATargetIsRegisteredAndShown) {
  registered();
  auto reply = targets_.describe({.service_namespace = "sagemaker"}, context_);
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->scalable_targets->size(), 1U);
  const api::ScalableTarget shown = reply->scalable_targets->at(0);
  EXPECT_EQ(shown.resource_id, kVariant);
  EXPECT_EQ(shown.min_capacity, 1);
  EXPECT_EQ(shown.max_capacity, 3);
  EXPECT_EQ(shown.creation_time, context_.now);
  EXPECT_EQ(shown.suspended_state->dynamic_scaling_in_suspended, false);
  EXPECT_THAT(shown.role_arn,
              HasSubstr("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"));
  EXPECT_EQ(shown.scalable_target_arn, scalable_target_arn(kVariant, context_));
  EXPECT_FALSE(reply->next_token.has_value());
}

TEST_F(ScalingTest, WhatIsNotGivenAgainStays) {
  registered();
  EXPECT_EQ(register_with(R"(, "SuspendedState": {"DynamicScalingInSuspended": true})"), "");
  EXPECT_EQ(register_with(R"(, "MaxCapacity": 5)"), "");
  EXPECT_EQ(register_with(R"(, "SuspendedState": {"DynamicScalingOutSuspended": true})"), "");
  EXPECT_EQ(target().minimum, 1);
  EXPECT_EQ(target().maximum, 5);
  EXPECT_TRUE(target().in_suspended);
  EXPECT_TRUE(target().out_suspended);
}

TEST_F(ScalingTest, ANewTargetNeedsBothLimitsInOrder) {
  EXPECT_THAT(register_with(R"(, "MinCapacity": 1)"), HasSubstr("Both a minimum and a maximum"));
  EXPECT_THAT(register_with(R"(, "MinCapacity": 3, "MaxCapacity": 2)"),
              StartsWith("ValidationException: Maximum capacity cannot be less"));
  EXPECT_THAT(register_with(R"(, "MinCapacity": -1, "MaxCapacity": 2)"), HasSubstr("negative"));
  EXPECT_THAT(register_with(R"(, "MinCapacity": 0, "MaxCapacity": 2)"), HasSubstr("to zero"));
  EXPECT_THAT(register_with(R"(, "MinCapacity": 1, "MaxCapacity": 101)"),
              StartsWith("LimitExceededException: A variant has at most 100 instances"));
  EXPECT_TRUE(records_.targets().value().empty());
  registered();
  EXPECT_THAT(register_with(R"(, "MinCapacity": 4)"), HasSubstr("cannot be less"));
}

TEST_F(ScalingTest, OnlyVariantsThatServeAreRegistered) {
  const char* dimension = "sagemaker:variant:DesiredInstanceCount";
  for (const char* absent : {"endpoint/Other/variant/AllTraffic", "endpoint/Endpoint/variant/b",
                             "endpoint/endpoint/variant/AllTraffic"})
    EXPECT_THAT(register_resource(absent, dimension), HasSubstr("not in service")) << absent;
  EXPECT_THAT(register_resource("endpoint/Endpoint", dimension), HasSubstr("Unsupported"));
  EXPECT_THAT(register_resource(kVariant, "ecs:service:DesiredCount"), HasSubstr("Unsupported"));
  EXPECT_THAT(register_resource(kVariant, "sagemaker:variant:DesiredProvisionedConcurrency"),
              HasSubstr("serverless"));
  EXPECT_THAT(register_resource(kVariant, "sagemaker:inference-component:DesiredCopyCount"),
              HasSubstr("inference components"));
  EXPECT_THAT(register_resource(kVariant, dimension, "ecs"), HasSubstr("must be sagemaker"));
}

TEST_F(ScalingTest, AServerlessVariantIsNotScaled) {
  domain::Endpoint endpoint = record();
  endpoint.serving->variants.at(0).asked.serverless.emplace();
  ASSERT_TRUE(store_.commit_endpoint(endpoint).ok());
  EXPECT_THAT(register_with(R"(, "MinCapacity": 1, "MaxCapacity": 2)"), HasSubstr("serverless"));
}

TEST_F(ScalingTest, TargetsAreFilteredAndPaged) {
  registered();
  const auto shown = [this](const api::DescribeScalableTargetsRequest& request) {
    auto reply = targets_.describe(request, context_);
    return reply.ok() ? std::to_string(reply->scalable_targets->size()) : said(reply);
  };
  EXPECT_EQ(shown({.service_namespace = "ecs"}), "0");
  EXPECT_EQ(
      shown({.service_namespace = "sagemaker", .resource_ids = std::vector<std::string>{kVariant}}),
      "1");
  EXPECT_EQ(shown({.service_namespace = "sagemaker",
                   .resource_ids = std::vector<std::string>{"endpoint/x/variant/y"}}),
            "0");
  EXPECT_THAT(shown({.service_namespace = "sagemaker", .scalable_dimension = kScalingDimension}),
              HasSubstr("needs a resource ID"));
  EXPECT_THAT(shown({.service_namespace = "sagemaker", .max_results = 51}),
              HasSubstr("between 1 and 50"));
  EXPECT_THAT(shown({.service_namespace = "sagemaker", .next_token = "x"}),
              StartsWith("InvalidNextTokenException: "));
}

TEST_F(ScalingTest, ATargetGoesWithItsPolicies) {
  registered();
  ASSERT_EQ(put(kTracking), "");
  const api::DeregisterScalableTargetRequest request{.service_namespace = "sagemaker",
                                                     .resource_id = kVariant,
                                                     .scalable_dimension = kScalingDimension};
  EXPECT_EQ(said(targets_.deregister(request, context_)), "");
  EXPECT_TRUE(records_.policies("").value().empty());
  EXPECT_EQ(said(targets_.deregister(request, context_)),
            "ObjectNotFoundException: No scalable target found for service namespace: sagemaker, "
            "resource ID: endpoint/Endpoint/variant/AllTraffic, scalable dimension: "
            "sagemaker:variant:DesiredInstanceCount");
}

TEST_F(ScalingTest, APolicyNeedsARegisteredTarget) {
  EXPECT_THAT(put(kTracking),
              StartsWith("ObjectNotFoundException: No scalable target registered for"));
}

TEST_F(ScalingTest, APolicyIsKeptAsARuleAndShownAsItWasAskedFor) {
  registered();
  auto made = policies_.put(policy_request(kTracking, "p"), context_);
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made->policy_arn, StartsWith("arn:aws:autoscaling:eu-west-1:000000000000:"));
  EXPECT_THAT(made->policy_arn,
              testing::EndsWith(":resource/sagemaker/endpoint/Endpoint/variant/AllTraffic:"
                                "policyName/p"));
  EXPECT_EQ(rule().value, 70);
  EXPECT_EQ(rule().metric.name, "InvocationsPerInstance");
  EXPECT_EQ(rule().metric.statistic, "Sum");
  EXPECT_TRUE(rule().metric.zero_when_absent);
  EXPECT_EQ(rule().metric.dimensions.at(0).second, "Endpoint");
  EXPECT_EQ(rule().metric.dimensions.at(1).second, "AllTraffic");
  EXPECT_EQ(rule().out_cooldown_seconds, 300);
  auto reply = policies_.describe({.service_namespace = "sagemaker"}, context_);
  ASSERT_TRUE(reply.ok());
  const api::ScalingPolicy shown = reply->scaling_policies->at(0);
  EXPECT_EQ(shown.policy_arn, made->policy_arn);
  EXPECT_EQ(shown.policy_type, "TargetTrackingScaling");
  EXPECT_EQ(shown.target_tracking_scaling_policy_configuration->target_value, 70);
  EXPECT_EQ(shown.creation_time, context_.now);
}

TEST_F(ScalingTest, APolicyOfTheSameNameIsReplaced) {
  registered();
  auto first = policies_.put(policy_request(kTracking, "p"), context_);
  context_.now += std::chrono::seconds(5);
  auto second =
      policies_.put(policy_request(R"("TargetTrackingScalingPolicyConfiguration": {"TargetValue": 3,
        "PredefinedMetricSpecification": {"PredefinedMetricType":
        "SageMakerVariantInvocationsPerInstance"}, "ScaleInCooldown": 1, "ScaleOutCooldown": 2,
        "DisableScaleIn": true})",
                                   "p"),
                    context_);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->policy_arn, second->policy_arn);
  EXPECT_EQ(rule().value, 3);
  EXPECT_EQ(rule().in_cooldown_seconds, 1);
  EXPECT_EQ(rule().out_cooldown_seconds, 2);
  EXPECT_TRUE(rule().never_in);
  const domain::ScalingPolicy kept = records_.find_policy(kVariant, "p").value();
  EXPECT_EQ(kept.modified - kept.created, std::chrono::seconds(5));
}

TEST_F(ScalingTest, AMetricOfOnesOwnIsTaken) {
  registered();
  EXPECT_EQ(
      put_tracking(R"("TargetValue": 50, "CustomizedMetricSpecification": {"MetricName": "CPU",
      "Namespace": "Own", "Statistic": "Maximum", "Unit": "Percent", "Dimensions":
      [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]})"),
      "");
  const domain::ScalingMetric metric = rule().metric;
  EXPECT_EQ(metric.space, "Own");
  EXPECT_EQ(metric.name, "CPU");
  EXPECT_EQ(metric.statistic, "Maximum");
  EXPECT_EQ(metric.unit, "Percent");
  EXPECT_FALSE(metric.zero_when_absent);
  EXPECT_EQ(metric.dimensions.at(0).first, "a") << "sorted";
}

TEST_F(ScalingTest, WhatMakesNoRuleIsRefused) {
  registered();
  const std::string predefined =
      R"("PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"})";
  const std::string own = R"("CustomizedMetricSpecification": {"MetricName": "m"})";
  EXPECT_THAT(put(R"("PolicyType": "TargetTrackingScaling")"), HasSubstr("must be given"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 0, )" + predefined), HasSubstr("greater than zero"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 1)"), HasSubstr("One of"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 1, )" + predefined + ", " + own), HasSubstr("One of"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 1, )" + own), HasSubstr("needs a MetricName"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 1, "ScaleInCooldown": -1, )" + predefined),
              HasSubstr("negative"));
  EXPECT_THAT(put_tracking(R"("TargetValue": 1, "PredefinedMetricSpecification":
                             {"PredefinedMetricType": "ALBRequestCountPerTarget"})"),
              HasSubstr("Clary scales by no ALBRequestCountPerTarget"));
  EXPECT_TRUE(records_.policies("").value().empty());
}

TEST_F(ScalingTest, ATargetHasAtMostFiftyPolicies) {
  registered();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(put(kTracking, "p" + std::to_string(i)), "");
  EXPECT_THAT(put(kTracking, "q"), StartsWith("LimitExceededException: "));
  EXPECT_EQ(put(kTracking, "p7"), "") << "one that is there";
}

TEST_F(ScalingTest, PoliciesAreFoundByNameAndArnPageByPage) {
  registered();
  for (int i = 0; i < 12; ++i) ASSERT_EQ(put(kTracking, "p" + std::to_string(10 + i)), "");
  auto first = policies_.describe({.service_namespace = "sagemaker"}, context_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->scaling_policies->size(), 10U);
  auto second = policies_.describe(
      {.service_namespace = "sagemaker", .next_token = first->next_token}, context_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->scaling_policies->size(), 2U);
  EXPECT_FALSE(second->next_token.has_value());
  auto named = policies_.describe(
      {.policy_names =
           std::vector<std::string>{"p12", first->scaling_policies->at(0).policy_arn, "p99"},
       .service_namespace = "sagemaker",
       .resource_id = kVariant,
       .scalable_dimension = kScalingDimension},
      context_);
  ASSERT_TRUE(named.ok());
  ASSERT_EQ(named->scaling_policies->size(), 2U);
  EXPECT_EQ(named->scaling_policies->at(1).policy_name, "p12");
}

TEST_F(ScalingTest, APolicyIsRemovedOnce) {
  registered();
  ASSERT_EQ(put(kTracking), "");
  const api::DeleteScalingPolicyRequest request{.policy_name = "p",
                                                .service_namespace = "sagemaker",
                                                .resource_id = kVariant,
                                                .scalable_dimension = kScalingDimension};
  EXPECT_EQ(said(policies_.remove(request, context_)), "");
  EXPECT_THAT(said(policies_.remove(request, context_)),
              StartsWith("ObjectNotFoundException: No scaling policy found for"));
}

TEST_F(ScalingTest, ActivitiesSayWhatWasDoneAndHowItEnded) {
  using domain::ScalingOutcome;
  int number = 0;
  for (const ScalingOutcome outcome :
       {ScalingOutcome::kInProgress, ScalingOutcome::kSuccessful, ScalingOutcome::kOverridden,
        ScalingOutcome::kUnfulfilled, ScalingOutcome::kFailed}) {
    ASSERT_TRUE(records_
                    .put_activity({.id = std::to_string(number),
                                   .resource = kVariant,
                                   .from = 1,
                                   .to = 2,
                                   .cause = "load",
                                   .outcome = outcome,
                                   .failure = "boom",
                                   .begun = context_.now - std::chrono::seconds(number)})
                    .ok());
    ++number;
  }
  auto reply = policies_.activities({.service_namespace = "sagemaker", .max_results = 4}, context_);
  ASSERT_TRUE(reply.ok());
  std::string codes;
  for (const api::ScalingActivity& each : *reply->scaling_activities)
    codes += each.status_code + ' ';
  EXPECT_EQ(codes, "InProgress Successful Overridden Unfulfilled ");
  EXPECT_EQ(reply->scaling_activities->at(0).description, "Setting desired instance count to 2.");
  EXPECT_EQ(reply->scaling_activities->at(0).cause, "load");
  EXPECT_EQ(reply->scaling_activities->at(1).status_message,
            "Successfully set desired instance count to 2. Change successfully fulfilled by "
            "sagemaker.");
  auto rest = policies_.activities({.service_namespace = "sagemaker",
                                    .resource_id = kVariant,
                                    .scalable_dimension = kScalingDimension,
                                    .next_token = reply->next_token},
                                   context_);
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest->scaling_activities->size(), 1U);
  EXPECT_EQ(rest->scaling_activities->at(0).status_message,
            "Failed to set desired instance count to 2. Reason: boom");
  EXPECT_FALSE(rest->next_token.has_value());
  EXPECT_THAT(
      said(policies_.activities({.service_namespace = "sagemaker", .next_token = "12"}, context_)),
      StartsWith("InvalidNextTokenException: "));
  EXPECT_EQ(
      policies_.activities({.service_namespace = "ecs"}, context_)->scaling_activities->size(), 0U);
}

constexpr const char* kSteps = R"("PolicyType": "StepScaling", "StepScalingPolicyConfiguration":
    {"AdjustmentType": "ChangeInCapacity", "Cooldown": 5, "StepAdjustments": [
      {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
      {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1}]})";

TEST_F(ScalingTest, StepsAreKeptAndShownWithTheirAlarms) {
  registered();
  auto made = policies_.put(policy_request(kSteps, "p"), context_);
  ASSERT_TRUE(made.ok());
  const auto steps = records_.find_policy(kVariant, "p").value().steps;
  ASSERT_TRUE(steps.has_value());
  EXPECT_EQ(steps->cooldown_seconds, 5);
  EXPECT_EQ(steps->steps.at(1).upper, 10);
  EXPECT_EQ(steps->steps.at(0).adjustment, 2);
  const auto alarm = [&](const std::string& action) {
    return said(alarms_.put(from_json<api::PutMetricAlarmInput>(
                                R"({"AlarmName": "busy", "MetricName": "m", "Namespace": "N",
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 2, "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [")" +
                                action + "\"]}"),
                            context_));
  };
  EXPECT_THAT(alarm("arn:aws:sns:eu-west-1:1:topic"), HasSubstr("scaling policies alone"));
  EXPECT_EQ(alarm(made->policy_arn), "");
  auto reply = policies_.describe({.service_namespace = "sagemaker"}, context_);
  ASSERT_TRUE(reply.ok());
  const api::ScalingPolicy shown = reply->scaling_policies->at(0);
  EXPECT_EQ(shown.policy_type, "StepScaling");
  EXPECT_EQ(shown.alarms->at(0).alarm_name, "busy");
  EXPECT_EQ(
      said(alarms_.set_state(
          {.alarm_name = "busy", .state_value = "ALARM", .state_reason = "by hand"}, context_)),
      "");
  auto alarms = alarms_.describe({.state_value = "ALARM"}, context_);
  ASSERT_TRUE(alarms.ok());
  EXPECT_EQ(alarms->metric_alarms->at(0).state_reason, "by hand");
  EXPECT_EQ(alarms->metric_alarms->at(0).evaluation_periods, 2);
  EXPECT_EQ(said(alarms_.remove({.alarm_names = {"busy"}}, context_)), "");
  EXPECT_THAT(said(alarms_.remove({.alarm_names = {"busy"}}, context_)),
              StartsWith("ResourceNotFound: "));
}

TEST_F(ScalingTest, StepsWithGapsOrOverlapsAreRefused) {
  registered();
  for (const char* upper : {"5", "15", "-1"}) {
    EXPECT_THAT(put(std::string(R"("StepScalingPolicyConfiguration": {"AdjustmentType":
        "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 10,
        "ScalingAdjustment": 2}, {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1,
        "MetricIntervalUpperBound": )") +
                    upper + "}]}"),
                HasSubstr("without a gap"))
        << upper;
  }
}

}  // namespace
}  // namespace clary::services
