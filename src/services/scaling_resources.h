// What the operations of Application Auto Scaling share: which resources can be scaled, their ARNs,
// AWS's sentences about them, pages. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/offset_page.h"
#include "services/service_error.h"

namespace clary::services {

inline constexpr const char* kScalingNamespace = "sagemaker";
inline constexpr const char* kScalingDimension = "sagemaker:variant:DesiredInstanceCount";

// How a request names what is scaled.
struct ScaledResource {
  const std::string& service_namespace;
  const std::string& resource;
  const std::string& dimension;
};
// Nothing: it can be scaled here, if it is there.
Complaint check_scaled(const ScaledResource& named);

// ObjectNotFoundException: "No scalable target found for ...". verb: "found" or "registered".
ServiceError no_target(const std::string& resource, const std::string& verb);

// The same for a resource at all times.
std::string scalable_target_arn(const std::string& resource, const CallContext& context);
std::string scaling_policy_arn(const std::string& resource, const std::string& name,
                               const std::string& id, const CallContext& context);

// What a Describe... request is about. A dimension alone says too little, as on AWS.
Complaint check_filter(const std::optional<std::string>& dimension, bool names_resource);
// Nothing that matches can be there.
bool is_elsewhere(const std::string& service_namespace,
                  const std::optional<std::string>& dimension);

// MaxResults, or its refusal. most: also what is given without it.
Outcome<std::int64_t> page_size(const std::optional<std::int64_t>& asked, std::int64_t most);
ServiceError invalid_scaling_token();
Outcome<OffsetPage> scaling_page(std::size_t count, const std::optional<std::string>& token,
                                 std::int64_t size);

}  // namespace clary::services
