// S3's small rules: bucket names, ranges, ETags, conditions, tokens. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/names.h"
#include "objects/object_store.h"
#include "services/service_error.h"

namespace clary::services {

// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
bool is_valid_bucket_name(std::string_view name);
// "sagemaker-<region>-<account>": the bucket that the SageMaker SDK takes for granted. The region
// in it, else nothing.
std::optional<Region> default_bucket_region(std::string_view bucket, const AccountId& account);

// One range of bytes (RFC 9110, 14.2). Nothing for a field that is to be ignored: other units,
// several ranges, bad syntax.
std::optional<objects::RangeRequest> parse_range(std::string_view field);

std::string quoted_etag(const std::string& etag);
// Without quotes and without W/.
std::string plain_etag(std::string_view field);

// The conditions of a write: If-Match, and If-None-Match with "*" only, as S3 has it.
Outcome<objects::PutCondition> put_condition(const std::optional<std::string>& if_match,
                                             const std::optional<std::string>& if_none_match);

// RFC 9110, 13.1. Dates count in whole seconds.
struct ReadConditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<TimePoint> if_modified_since;
  std::optional<TimePoint> if_unmodified_since;
};
enum class ConditionOutcome { kHolds, kNotModified, kFailed };
ConditionOutcome evaluate(const ReadConditions& conditions, const objects::ObjectHead& head);

// Opaque to clients; they give it back unchanged.
std::string continuation_token(std::string_view after);
std::optional<std::string> read_continuation_token(std::string_view token);

}  // namespace clary::services
