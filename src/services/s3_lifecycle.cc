#include "services/s3_lifecycle.h"

#include <set>

#include "base/digest.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "services/kept_text.h"

namespace clary::services {
namespace {

using LifecycleRule = api::s3::LifecycleRule;

constexpr std::size_t kMostLifecycleRules = 1000;
constexpr std::size_t kLongestId = 255;

ServiceError malformed() {
  return {"MalformedXML",
          "The XML you provided was not well-formed or did not validate against our published "
          "schema"};
}

std::optional<ServiceError> check_filter(const LifecycleRule& rule) {
  if (rule.prefix && rule.filter) return malformed();
  if (!rule.prefix && !rule.filter) return malformed();
  if (!rule.filter) return std::nullopt;
  const api::s3::LifecycleRuleFilter& filter = *rule.filter;
  const int parts = (filter.prefix ? 1 : 0) + (filter.object_size_greater_than ? 1 : 0) +
                    (filter.object_size_less_than ? 1 : 0) + (filter.and_ ? 1 : 0) +
                    (filter.tag ? 1 : 0);
  return parts > 1 ? std::optional(malformed()) : std::nullopt;
}

bool has_tags(const LifecycleRule& rule) {
  return rule.filter && (rule.filter->tag || (rule.filter->and_ && rule.filter->and_->tags));
}

std::optional<ServiceError> check_expiration(const api::s3::LifecycleExpiration& expiration) {
  const int kinds = (expiration.date ? 1 : 0) + (expiration.days ? 1 : 0) +
                    (expiration.expired_object_delete_marker ? 1 : 0);
  if (kinds != 1) return malformed();
  if (expiration.days && *expiration.days <= 0) {
    return ServiceError("InvalidArgument",
                        "'Days' for Expiration action must be a positive integer");
  }
  if (!expiration.date) return std::nullopt;
  const auto since_epoch = expiration.date->time_since_epoch();
  if (std::chrono::floor<std::chrono::days>(since_epoch) == since_epoch) return std::nullopt;
  return ServiceError("InvalidArgument", "'Date' must be at midnight GMT");
}

std::optional<ServiceError> check_other_actions(const LifecycleRule& rule) {
  const auto positive = [](const std::optional<std::int64_t>& days) { return days && *days > 0; };
  const auto& noncurrent = rule.noncurrent_version_expiration;
  if (noncurrent && !positive(noncurrent->noncurrent_days)) {
    return ServiceError(
        "InvalidArgument",
        "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
  }
  if (noncurrent && noncurrent->newer_noncurrent_versions.value_or(1) <= 0)
    return ServiceError("InvalidArgument", "'NewerNoncurrentVersions' must be a positive integer");
  const auto& abort = rule.abort_incomplete_multipart_upload;
  if (abort && !positive(abort->days_after_initiation)) {
    return ServiceError("InvalidArgument",
                        "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a "
                        "positive integer");
  }
  if (abort && has_tags(rule)) {
    return ServiceError("InvalidRequest",
                        "AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  return std::nullopt;
}

std::optional<ServiceError> check_rule(const LifecycleRule& rule) {
  if (rule.id && rule.id->size() > kLongestId)
    return ServiceError("InvalidArgument", "ID length should not exceed allowed limit of 255");
  if (auto wrong = check_filter(rule)) return wrong;
  if (!rule.expiration && !rule.noncurrent_version_expiration &&
      !rule.abort_incomplete_multipart_upload) {
    return ServiceError("InvalidRequest", "At least one action needs to be specified in a rule");
  }
  if (auto wrong = check_other_actions(rule)) return wrong;
  return rule.expiration ? check_expiration(*rule.expiration) : std::nullopt;
}

objects::LifecycleRule runtime_rule(const LifecycleRule& rule) {
  objects::LifecycleRule out;
  out.id = rule.id.value_or("");
  out.prefix = rule.prefix.value_or("");
  const auto take = [&out](const auto& from) {
    if (from.prefix) out.prefix = *from.prefix;
    if (from.object_size_greater_than)
      out.larger_than_bytes = static_cast<std::uint64_t>(*from.object_size_greater_than);
    if (from.object_size_less_than)
      out.smaller_than_bytes = static_cast<std::uint64_t>(*from.object_size_less_than);
  };
  if (rule.filter) {
    take(*rule.filter);
    if (rule.filter->tag) out.tags[rule.filter->tag->key] = rule.filter->tag->value;
    if (const auto& all = rule.filter->and_) {
      take(*all);
      for (const api::s3::Tag& tag : all->tags.value_or(std::vector<api::s3::Tag>{}))
        out.tags[tag.key] = tag.value;
    }
  }
  if (rule.expiration) {
    out.expire_after_days = rule.expiration->days;
    out.expire_from = rule.expiration->date;
    out.expire_lone_markers = rule.expiration->expired_object_delete_marker.value_or(false);
  }
  if (const auto& noncurrent = rule.noncurrent_version_expiration) {
    out.expire_noncurrent_after_days = noncurrent->noncurrent_days;
    out.kept_noncurrent =
        static_cast<std::size_t>(noncurrent->newer_noncurrent_versions.value_or(0));
  }
  if (const auto& abort = rule.abort_incomplete_multipart_upload)
    out.abort_uploads_after_days = abort->days_after_initiation;
  return out;
}

}  // namespace

std::optional<ServiceError> complete_lifecycle(api::s3::BucketLifecycleConfiguration& rules) {
  if (rules.rules.empty() || rules.rules.size() > kMostLifecycleRules) return malformed();
  std::set<std::string> names;
  for (LifecycleRule& rule : rules.rules) {
    if (auto wrong = check_rule(rule)) return wrong;
    if (!rule.id || rule.id->empty()) {
      // S3 makes a name of its own; this one is the same for the same rule.
      const std::string text = to_kept_text(rule) + std::to_string(names.size());
      rule.id = hex_encode(digest(DigestKind::kMd5, text));
    }
    if (!names.insert(*rule.id).second) {
      return ServiceError("InvalidArgument",
                          "Rule ID must be unique. Found same ID for more than one rule");
    }
  }
  return std::nullopt;
}

std::optional<std::string> expiration_text(const LifecycleRules& rules,
                                           const objects::ObjectHead& head) {
  const objects::LifecycleRule* first = nullptr;
  std::optional<TimePoint> soonest;
  for (const objects::LifecycleRule& rule : rules) {
    const std::optional<TimePoint> ends = objects::expiry(rule, head.last_modified);
    if (!ends || (soonest && *soonest <= *ends) || !objects::covers(rule, head)) continue;
    soonest = ends;
    first = &rule;
  }
  if (first == nullptr) return std::nullopt;
  return "expiry-date=\"" + http_date(*soonest) + "\", rule-id=\"" +
         percent_encode(first->id, Slash::kEncode) + '"';
}

Result<LifecycleRules> lifecycle_rules(const std::string& kept) {
  CLARY_TRY(const auto configuration, from_kept_text<api::s3::BucketLifecycleConfiguration>(kept));
  LifecycleRules out;
  for (const LifecycleRule& rule : configuration.rules) {
    if (rule.status == "Enabled") out.push_back(runtime_rule(rule));
  }
  return out;
}

}  // namespace clary::services
