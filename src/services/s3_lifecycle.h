// Lifecycle rules: from what PutBucketLifecycleConfiguration says to what the sweep carries out.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/bucket_settings.h"
#include "objects/lifecycle_sweep.h"
#include "services/service_error.h"

namespace clary::services {

// Refuses what S3 refuses, and names the rules that have no name.
std::optional<ServiceError> complete_lifecycle(api::s3::BucketLifecycleConfiguration& rules);

using LifecycleRules = std::vector<objects::LifecycleRule>;
// The enabled rules in a kept configuration.
Result<LifecycleRules> lifecycle_rules(const std::string& kept);

// x-amz-expiration of a current object: which rule takes it first, and when. Nothing: none does.
// Source: "Finding when objects will expire", Amazon S3 User Guide.
std::optional<std::string> expiration_text(const LifecycleRules& rules,
                                           const objects::ObjectHead& head);

}  // namespace clary::services
