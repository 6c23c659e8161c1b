#include "services/scaling_policy_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "services/job_rules.h"

namespace clary::services {

using domain::ScalingMetric;
using domain::TrackingRule;

namespace {

constexpr std::size_t kMostStepsOfAPolicy = 20;
constexpr std::int64_t kMostAdjustment = 100'000;
constexpr const char* kInvocations = "SageMakerVariantInvocationsPerInstance";

// Source: "Define a scaling policy": the average number of times per minute that each instance of
// a variant is invoked. Without traffic AWS gives zeros.
ScalingMetric invocations_of(const domain::ScaledVariant& scaled) {
  return {
      .space = "AWS/SageMaker",
      .name = "InvocationsPerInstance",
      .dimensions = {{"EndpointName", scaled.endpoint.value()}, {"VariantName", scaled.variant}},
      .statistic = "Sum",
      .unit = "None",
      .zero_when_absent = true};
}

Outcome<ScalingMetric> customized(const api::CustomizedMetricSpecification& asked) {
  if (!asked.metric_name || !asked.namespace_ || !asked.statistic) {
    return invalid(
        "A CustomizedMetricSpecification needs a MetricName, a Namespace and a Statistic.");
  }
  ScalingMetric metric{.space = *asked.namespace_,
                       .name = *asked.metric_name,
                       .dimensions = {},
                       .statistic = *asked.statistic,
                       .unit = asked.unit.value_or("")};
  if (asked.dimensions) {
    for (const api::MetricDimension& dimension : *asked.dimensions)
      metric.dimensions.emplace_back(dimension.name, dimension.value);
  }
  std::ranges::sort(metric.dimensions);
  return metric;
}

Outcome<ScalingMetric> metric_of(const api::PutScalingPolicyRequest& request,
                                 const api::TargetTrackingScalingPolicyConfiguration& asked) {
  const auto& predefined = asked.predefined_metric_specification;
  if (predefined.has_value() == asked.customized_metric_specification.has_value()) {
    return invalid(
        "One of PredefinedMetricSpecification and CustomizedMetricSpecification must be given, "
        "and not both.");
  }
  if (!predefined) return customized(*asked.customized_metric_specification);
  if (predefined->predefined_metric_type == kInvocations)
    return invocations_of(*domain::scaled_variant_of(request.resource_id));
  return invalid(fmt::format("Clary scales by no {}: PredefinedMetricType must be {}.",
                             predefined->predefined_metric_type, kInvocations));
}

// Source: "Step adjustments": ranges must neither overlap nor have a gap between them.
Complaint check_intervals(std::vector<domain::StepAdjustment> steps) {
  constexpr double kEndless = std::numeric_limits<double>::infinity();
  std::ranges::sort(steps, {}, [](const auto& step) { return step.lower.value_or(-kEndless); });
  for (std::size_t at = 0; at < steps.size(); ++at) {
    const bool last = at + 1 == steps.size();
    const double upper = steps[at].upper.value_or(kEndless);
    if (upper <= steps[at].lower.value_or(-kEndless) ||
        (!last && upper != steps[at + 1].lower.value_or(-kEndless))) {
      return invalid(
          "The intervals of StepAdjustments must follow each other without a gap and without an "
          "overlap.");
    }
  }
  return std::nullopt;
}

}  // namespace

Outcome<TrackingRule> tracking_rule_of(const api::PutScalingPolicyRequest& request) {
  if (!request.target_tracking_scaling_policy_configuration)
    return invalid("A TargetTrackingScalingPolicyConfiguration must be given.");
  const auto& asked = *request.target_tracking_scaling_policy_configuration;
  if (!(asked.target_value > 0)) return invalid("TargetValue must be greater than zero.");
  TrackingRule rule{.value = asked.target_value};
  CLARY_TRY(rule.metric, metric_of(request, asked));
  rule.out_cooldown_seconds = asked.scale_out_cooldown.value_or(rule.out_cooldown_seconds);
  rule.in_cooldown_seconds = asked.scale_in_cooldown.value_or(rule.in_cooldown_seconds);
  rule.never_in = asked.disable_scale_in.value_or(false);
  if (rule.out_cooldown_seconds < 0 || rule.in_cooldown_seconds < 0)
    return invalid("Cooldowns must not be negative.");
  return rule;
}

Outcome<domain::StepRule> step_rule_of(const api::PutScalingPolicyRequest& request) {
  const auto& asked = *request.step_scaling_policy_configuration;
  if (!asked.adjustment_type || !asked.step_adjustments || asked.step_adjustments->empty())
    return invalid("A StepScalingPolicyConfiguration needs an AdjustmentType and StepAdjustments.");
  if (asked.step_adjustments->size() > kMostStepsOfAPolicy)
    return ServiceError("LimitExceededException",
                        "A scaling policy has at most 20 step adjustments.");
  domain::StepRule rule{.kind = *asked.adjustment_type};
  rule.least_change = static_cast<int>(
      std::clamp<std::int64_t>(asked.min_adjustment_magnitude.value_or(0), 0, kMostAdjustment));
  rule.cooldown_seconds = asked.cooldown.value_or(rule.cooldown_seconds);
  if (rule.cooldown_seconds < 0) return invalid("Cooldowns must not be negative.");
  for (const api::StepAdjustment& step : *asked.step_adjustments) {
    if (std::abs(step.scaling_adjustment) > kMostAdjustment)
      return invalid("A ScalingAdjustment is at most 100,000.");
    rule.steps.push_back({.lower = step.metric_interval_lower_bound,
                          .upper = step.metric_interval_upper_bound,
                          .adjustment = static_cast<int>(step.scaling_adjustment)});
  }
  if (auto refused = check_intervals(rule.steps)) return *std::move(refused);
  return rule;
}

}  // namespace clary::services
