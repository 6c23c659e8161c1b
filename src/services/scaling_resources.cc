#include "services/scaling_resources.h"

#include <fmt/format.h>

#include <utility>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "domain/scaling.h"

namespace clary::services {
namespace {

constexpr std::size_t kTargetIdCharacters = 28;

}  // namespace

Complaint check_scaled(const ScaledResource& named) {
  if (named.service_namespace != kScalingNamespace)
    return invalid("Clary scales variants of endpoints alone: ServiceNamespace must be sagemaker.");
  if (named.dimension == "sagemaker:variant:DesiredProvisionedConcurrency") {
    return invalid(
        "Clary does not scale the provisioned concurrency of serverless variants: "
        "ScalableDimension must be sagemaker:variant:DesiredInstanceCount.");
  }
  if (named.dimension == "sagemaker:inference-component:DesiredCopyCount") {
    return invalid(
        "Clary does not run inference components yet: ScalableDimension must be "
        "sagemaker:variant:DesiredInstanceCount.");
  }
  if (named.dimension == kScalingDimension && domain::scaled_variant_of(named.resource))
    return std::nullopt;
  return invalid(
      fmt::format("Unsupported service namespace, resource type or scalable dimension: {}, {}, {}. "
                  "Of endpoints "
                  "it is endpoint/NAME/variant/VARIANT and sagemaker:variant:DesiredInstanceCount.",
                  named.service_namespace, named.resource, named.dimension));
}

ServiceError no_target(const std::string& resource, const std::string& verb) {
  return {"ObjectNotFoundException",
          fmt::format("No scalable target {} for service namespace: {}, resource ID: {}, scalable "
                      "dimension: {}",
                      verb, kScalingNamespace, resource, kScalingDimension)};
}

std::string scalable_target_arn(const std::string& resource, const CallContext& context) {
  const std::string id = hex_encode(sha256(std::string(kScalingDimension) + ' ' + resource));
  return fmt::format("arn:aws:application-autoscaling:{}:{}:scalable-target/{}",
                     context.region.value(), context.account.value(),
                     id.substr(0, kTargetIdCharacters));
}

std::string scaling_policy_arn(const std::string& resource, const std::string& name,
                               const std::string& id, const CallContext& context) {
  return fmt::format("arn:aws:autoscaling:{}:{}:scalingPolicy:{}:resource/{}/{}:policyName/{}",
                     context.region.value(), context.account.value(), id, kScalingNamespace,
                     resource, name);
}

Complaint check_filter(const std::optional<std::string>& dimension, bool names_resource) {
  if (!dimension || names_resource) return std::nullopt;
  return invalid("ScalableDimension needs a resource ID beside it.");
}

bool is_elsewhere(const std::string& service_namespace,
                  const std::optional<std::string>& dimension) {
  return service_namespace != kScalingNamespace || (dimension && *dimension != kScalingDimension);
}

Outcome<std::int64_t> page_size(const std::optional<std::int64_t>& asked, std::int64_t most) {
  const std::int64_t size = asked.value_or(most);
  if (size >= 1 && size <= most) return size;
  return invalid(fmt::format("MaxResults must be between 1 and {}.", most));
}

ServiceError invalid_scaling_token() {
  return {"InvalidNextTokenException", "Invalid NextToken: it belongs to no page of this list."};
}

Outcome<OffsetPage> scaling_page(std::size_t count, const std::optional<std::string>& token,
                                 std::int64_t size) {
  std::optional<OffsetPage> page = offset_page(count, token, size);
  if (!page) return invalid_scaling_token();
  return *std::move(page);
}

}  // namespace clary::services
