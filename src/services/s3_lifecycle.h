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

// The enabled rules in a kept configuration.
Result<std::vector<objects::LifecycleRule>> lifecycle_rules(const std::string& kept);

}  // namespace clary::services
