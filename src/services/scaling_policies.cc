#include "services/scaling_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "services/kept_text.h"
#include "services/scaling_policy_request.h"
#include "services/scaling_resources.h"

namespace clary::services {

using domain::ScalingActivity;
using domain::ScalingOutcome;
using domain::ScalingPolicy;

namespace {

// Source: "Quotas for Application Auto Scaling".
constexpr std::size_t kMostPolicies = 50;  // of a target
constexpr std::int64_t kPoliciesOfAPage = 10;
constexpr std::int64_t kActivitiesOfAPage = 50;
constexpr std::size_t kActivityKeyDigits = 19;

Outcome<api::ScalingPolicy> shown(const ScalingPolicy& policy) {
  CLARY_TRY(auto asked, from_kept_text<api::PutScalingPolicyRequest>(policy.request));
  api::ScalingPolicy out;
  out.policy_arn = policy.arn;
  out.policy_name = policy.name;
  out.service_namespace = kScalingNamespace;
  out.resource_id = policy.resource;
  out.scalable_dimension = kScalingDimension;
  out.policy_type = policy.steps ? "StepScaling" : "TargetTrackingScaling";
  out.step_scaling_policy_configuration = std::move(asked.step_scaling_policy_configuration);
  out.target_tracking_scaling_policy_configuration =
      std::move(asked.target_tracking_scaling_policy_configuration);
  out.alarms.emplace();
  out.creation_time = policy.created;
  return out;
}

struct ToldOutcome {
  const char* code;
  std::string message;
};
ToldOutcome told(const ScalingActivity& activity) {
  const std::string set =
      fmt::format("Successfully set desired instance count to {}.", activity.to);
  switch (activity.outcome) {
    case ScalingOutcome::kSuccessful:
      return {"Successful", set + " Change successfully fulfilled by sagemaker."};
    case ScalingOutcome::kOverridden:
      return {"Overridden", set + " Another number was set before the change was fulfilled."};
    case ScalingOutcome::kUnfulfilled:
      return {"Unfulfilled", set + ' ' + activity.failure};
    case ScalingOutcome::kFailed:
      return {"Failed", fmt::format("Failed to set desired instance count to {}. Reason: {}",
                                    activity.to, activity.failure)};
    default:
      return {"InProgress", set + " Waiting for change to be fulfilled by sagemaker."};
  }
}

api::ScalingActivity shown(const ScalingActivity& activity) {
  ToldOutcome outcome = told(activity);
  api::ScalingActivity out;
  out.activity_id = activity.id;
  out.service_namespace = kScalingNamespace;
  out.resource_id = activity.resource;
  out.scalable_dimension = kScalingDimension;
  out.description = fmt::format("Setting desired instance count to {}.", activity.to);
  out.cause = activity.cause;
  out.start_time = activity.begun;
  out.end_time = activity.ended;
  out.status_code = outcome.code;
  out.status_message = std::move(outcome.message);
  return out;
}

bool is_activity_token(const std::string& token) {
  return token.size() > kActivityKeyDigits && token[kActivityKeyDigits] == '-' &&
         std::ranges::all_of(token.substr(0, kActivityKeyDigits),
                             [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void ScalingPolicies::add_to(Router& router) {
  router.add<api::PutScalingPolicy>(*this, &ScalingPolicies::put);
  router.add<api::DescribeScalingPolicies>(*this, &ScalingPolicies::describe);
  router.add<api::DeleteScalingPolicy>(*this, &ScalingPolicies::remove);
  router.add<api::DescribeScalingActivities>(*this, &ScalingPolicies::activities);
}

Outcome<api::PutScalingPolicyResponse> ScalingPolicies::put(
    const api::PutScalingPolicyRequest& request, const CallContext& context) {
  const std::string& resource = request.resource_id;
  if (auto refused =
          check_scaled({request.service_namespace, resource, request.scalable_dimension}))
    return *std::move(refused);
  domain::TrackingRule rule;
  std::optional<domain::StepRule> steps;
  const bool by_steps = request.step_scaling_policy_configuration.has_value();
  if (by_steps == request.target_tracking_scaling_policy_configuration.has_value() ||
      (request.policy_type && (*request.policy_type == "StepScaling") != by_steps))
    return invalid("The one configuration of the policy's type must be given, and no other.");
  if (by_steps) {
    CLARY_TRY(steps, step_rule_of(request));
  } else {
    CLARY_TRY(rule, tracking_rule_of(request));
  }
  ScalingPolicy policy{.name = request.policy_name,
                       .resource = resource,
                       .arn = "",
                       .request = to_kept_text(request),
                       .tracking = std::move(rule),
                       .steps = std::move(steps),
                       .created = context.now,
                       .modified = context.now};
  CLARY_TRY(const std::vector<ScalingPolicy> others, records_.policies(resource));
  const auto before = std::ranges::find(others, policy.name, &ScalingPolicy::name);
  if (before != others.end()) {
    policy.arn = before->arn;
    policy.created = before->created;
  } else if (others.size() >= kMostPolicies) {
    return ServiceError("LimitExceededException",
                        fmt::format("A scalable target has at most {} scaling policies: {}.",
                                    kMostPolicies, resource));
  } else {
    policy.arn = scaling_policy_arn(resource, policy.name, ids_.uuid(), context);
  }
  const Status kept = records_.put_policy(policy);
  if (!kept.ok() && kept.error().code == ErrorCode::kNotFound)
    return no_target(resource, "registered");
  CLARY_RETURN_IF_ERROR(kept);
  api::PutScalingPolicyResponse reply{.policy_arn = policy.arn};
  reply.alarms.emplace();
  return reply;
}

Outcome<api::DescribeScalingPoliciesResponse> ScalingPolicies::describe(
    const api::DescribeScalingPoliciesRequest& request, const CallContext&) {
  if (auto refused = check_filter(request.scalable_dimension, request.resource_id.has_value()))
    return *std::move(refused);
  CLARY_TRY(const std::int64_t size, page_size(request.max_results, kPoliciesOfAPage));
  std::vector<ScalingPolicy> policies;
  if (!is_elsewhere(request.service_namespace, request.scalable_dimension)) {
    CLARY_TRY(policies, records_.policies(request.resource_id.value_or("")));
  }
  if (request.policy_names && !request.policy_names->empty()) {
    // Either names or ARNs.
    std::erase_if(policies, [&request](const ScalingPolicy& policy) {
      return std::ranges::none_of(*request.policy_names, [&policy](const std::string& name) {
        return name == policy.name || name == policy.arn;
      });
    });
  }
  CLARY_TRY(OffsetPage page, scaling_page(policies.size(), request.next_token, size));
  CLARY_TRY(const std::vector<domain::KnownAlarm> alarms, alarms_.all());
  api::DescribeScalingPoliciesResponse reply;
  reply.scaling_policies.emplace();
  for (std::size_t at = page.begin; at < page.end; ++at) {
    CLARY_TRY(api::ScalingPolicy policy, shown(policies[at]));
    for (const auto& [alarm, state] : alarms) {
      if (std::ranges::count(alarm.actions, policy.policy_arn) > 0)
        policy.alarms->push_back({.alarm_name = alarm.name, .alarm_arn = alarm.arn});
    }
    reply.scaling_policies->push_back(std::move(policy));
  }
  reply.next_token = std::move(page.next);
  return reply;
}

Outcome<api::DeleteScalingPolicyResponse> ScalingPolicies::remove(
    const api::DeleteScalingPolicyRequest& request, const CallContext&) {
  const std::string& resource = request.resource_id;
  if (auto refused =
          check_scaled({request.service_namespace, resource, request.scalable_dimension}))
    return *std::move(refused);
  const Status removed = records_.remove_policy(resource, request.policy_name);
  if (removed.ok()) return api::DeleteScalingPolicyResponse{};
  if (removed.error().code != ErrorCode::kNotFound) return removed.error();
  return ServiceError(
      "ObjectNotFoundException",
      fmt::format("No scaling policy found for service namespace: {}, resource ID: {}, scalable "
                  "dimension: {}, policy name: {}",
                  kScalingNamespace, resource, kScalingDimension, request.policy_name));
}

Outcome<api::DescribeScalingActivitiesResponse> ScalingPolicies::activities(
    const api::DescribeScalingActivitiesRequest& request, const CallContext&) {
  if (auto refused = check_filter(request.scalable_dimension, request.resource_id.has_value()))
    return *std::move(refused);
  CLARY_TRY(const std::int64_t size, page_size(request.max_results, kActivitiesOfAPage));
  const std::string after = request.next_token.value_or("");
  if (!after.empty() && !is_activity_token(after)) return invalid_scaling_token();
  api::DescribeScalingActivitiesResponse reply;
  reply.scaling_activities.emplace();
  if (is_elsewhere(request.service_namespace, request.scalable_dimension)) return reply;
  CLARY_TRY(
      const domain::ScalingRecords::ActivityPage page,
      records_.activities(request.resource_id.value_or(""), after, static_cast<std::size_t>(size)));
  for (const ScalingActivity& activity : page.activities)
    reply.scaling_activities->push_back(shown(activity));
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

}  // namespace clary::services
