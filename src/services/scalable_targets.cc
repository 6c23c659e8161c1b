#include "services/scalable_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "services/scaling_resources.h"
#include "services/serving_resources.h"

namespace clary::services {

using domain::ScalableTarget;

namespace {

constexpr std::int64_t kMostTargets = 50;  // of a page

api::ScalableTarget shown(const ScalableTarget& target) {
  return {
      .service_namespace = kScalingNamespace,
      .resource_id = target.resource,
      .scalable_dimension = kScalingDimension,
      .min_capacity = target.minimum,
      .max_capacity = target.maximum,
      .predicted_capacity = std::nullopt,
      .role_arn = target.role,
      .creation_time = target.created,
      .suspended_state = api::SuspendedState{.dynamic_scaling_in_suspended = target.in_suspended,
                                             .dynamic_scaling_out_suspended = target.out_suspended,
                                             .scheduled_scaling_suspended = false},
      .scalable_target_arn = target.arn};
}

// AWS acts by a role of its own, whatever RoleARN says.
std::string linked_role(const CallContext& context) {
  return fmt::format(
      "arn:aws:iam::{}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
      "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
      context.account.value());
}

Complaint check_capacities(const ScaledResource& named, std::int64_t minimum,
                           std::int64_t maximum) {
  if (minimum < 0 || maximum < 0) return invalid("Capacities must not be negative.");
  if (minimum > maximum) return invalid("Maximum capacity cannot be less than minimum capacity.");
  if (minimum == 0)
    return invalid("Clary does not scale a variant to zero yet: MinCapacity must be at least 1.");
  const std::string variant = domain::scaled_variant_of(named.resource)->variant;
  if (auto refused = check_instance_count(variant, maximum))
    return ServiceError("LimitExceededException", refused->message);
  return std::nullopt;
}

}  // namespace

void ScalableTargets::add_to(Router& router) {
  router.add<api::RegisterScalableTarget>(*this, &ScalableTargets::register_target);
  router.add<api::DescribeScalableTargets>(*this, &ScalableTargets::describe);
  router.add<api::DeregisterScalableTarget>(*this, &ScalableTargets::deregister);
}

Complaint ScalableTargets::check_variant(const std::string& resource) {
  const auto named = domain::scaled_variant_of(resource);
  auto endpoint = endpoints_.find_endpoint(named->endpoint);
  if (!endpoint.ok() && endpoint.error().code != ErrorCode::kNotFound) return endpoint.error();
  // Names are told apart by case here, so that a variant has one target.
  const bool there = endpoint.ok() && endpoint->name == named->endpoint &&
                     domain::serving_variant(*endpoint, named->variant) != nullptr;
  if (there && domain::serving_variant(*endpoint, named->variant)->asked.serverless) {
    return invalid("A serverless variant has the instance that its calls need: " + resource +
                   " is not scaled.");
  }
  if (there) return std::nullopt;
  return invalid(fmt::format(
      "SageMaker endpoint or variant is not in service: {}. It is scaled when it is.", resource));
}

Outcome<ScalableTarget> ScalableTargets::target_for(
    const api::RegisterScalableTargetRequest& request, const CallContext& context) {
  Result<ScalableTarget> found = records_.find_target(request.resource_id);
  if (found.ok()) return *std::move(found);
  if (found.error().code != ErrorCode::kNotFound) return found.error();
  if (!request.min_capacity || !request.max_capacity) {
    return invalid(
        "Both a minimum and a maximum capacity are needed to register a new scalable target.");
  }
  return ScalableTarget{.resource = request.resource_id,
                        .arn = scalable_target_arn(request.resource_id, context),
                        .role = linked_role(context),
                        .created = context.now};
}

Outcome<api::RegisterScalableTargetResponse> ScalableTargets::register_target(
    const api::RegisterScalableTargetRequest& request, const CallContext& context) {
  const ScaledResource named{request.service_namespace, request.resource_id,
                             request.scalable_dimension};
  if (auto refused = check_scaled(named)) return *std::move(refused);
  if (auto refused = check_variant(request.resource_id)) return *std::move(refused);
  CLARY_TRY(ScalableTarget target, target_for(request, context));
  const std::int64_t minimum = request.min_capacity.value_or(target.minimum);
  const std::int64_t maximum = request.max_capacity.value_or(target.maximum);
  if (auto refused = check_capacities(named, minimum, maximum)) return *std::move(refused);
  target.minimum = static_cast<int>(minimum);
  target.maximum = static_cast<int>(maximum);
  if (const auto& suspended = request.suspended_state) {
    target.in_suspended = suspended->dynamic_scaling_in_suspended.value_or(target.in_suspended);
    target.out_suspended = suspended->dynamic_scaling_out_suspended.value_or(target.out_suspended);
  }
  CLARY_RETURN_IF_ERROR(records_.put_target(target));
  return api::RegisterScalableTargetResponse{.scalable_target_arn = target.arn};
}

Outcome<api::DescribeScalableTargetsResponse> ScalableTargets::describe(
    const api::DescribeScalableTargetsRequest& request, const CallContext&) {
  const bool names = request.resource_ids && !request.resource_ids->empty();
  if (auto refused = check_filter(request.scalable_dimension, names)) return *std::move(refused);
  CLARY_TRY(const std::int64_t size, page_size(request.max_results, kMostTargets));
  std::vector<ScalableTarget> targets;
  if (!is_elsewhere(request.service_namespace, request.scalable_dimension)) {
    CLARY_TRY(targets, records_.targets());
  }
  if (names) {
    std::erase_if(targets, [&request](const ScalableTarget& target) {
      return std::ranges::count(*request.resource_ids, target.resource) == 0;
    });
  }
  CLARY_TRY(OffsetPage page, scaling_page(targets.size(), request.next_token, size));
  api::DescribeScalableTargetsResponse reply;
  reply.scalable_targets.emplace();
  for (std::size_t at = page.begin; at < page.end; ++at)
    reply.scalable_targets->push_back(shown(targets[at]));
  reply.next_token = std::move(page.next);
  return reply;
}

Outcome<api::DeregisterScalableTargetResponse> ScalableTargets::deregister(
    const api::DeregisterScalableTargetRequest& request, const CallContext& context) {
  if (auto refused = check_scaled(
          {request.service_namespace, request.resource_id, request.scalable_dimension}))
    return *std::move(refused);
  const Status removed = records_.remove_target(
      request.resource_id, "The scalable target was deregistered meanwhile.", context.now);
  if (removed.ok()) return api::DeregisterScalableTargetResponse{};
  if (removed.error().code != ErrorCode::kNotFound) return removed.error();
  return no_target(request.resource_id, "found");
}

}  // namespace clary::services
