#include "objects/lifecycle_sweep.h"

namespace clary::objects {
namespace {

bool covers(const LifecycleRule& rule, const ObjectHead& head) {
  if (rule.larger_than_bytes && head.size_bytes <= *rule.larger_than_bytes) return false;
  return !rule.smaller_than_bytes || head.size_bytes < *rule.smaller_than_bytes;
}

}  // namespace

std::optional<TimePoint> expiry(const LifecycleRule& rule, TimePoint modified) {
  if (rule.expire_from) return rule.expire_from;
  if (!rule.expire_after_days) return std::nullopt;
  const auto aged = modified + std::chrono::days(*rule.expire_after_days);
  return TimePoint(std::chrono::ceil<std::chrono::days>(aged.time_since_epoch()));
}

Result<std::size_t> LifecycleSweep::run() {
  CLARY_TRY(const std::vector<Bucket> buckets, store_.list_buckets());
  std::size_t removed = 0;
  for (const Bucket& bucket : buckets) {
    for (const LifecycleRule& rule : rules_(bucket.name)) {
      CLARY_TRY(const std::size_t now_removed, sweep(bucket.name, rule));
      removed += now_removed;
    }
  }
  return removed;
}

Result<std::size_t> LifecycleSweep::sweep(const BucketName& bucket, const LifecycleRule& rule) {
  const TimePoint now = clock_.now();
  ListRequest request;
  request.bucket = bucket;
  request.prefix = rule.prefix;
  std::size_t removed = 0;
  for (;;) {
    CLARY_TRY(const ListPage page, store_.list(request));
    for (const ObjectHead& head : page.objects) {
      const std::optional<TimePoint> end = expiry(rule, head.last_modified);
      if (!end || now < *end || !covers(rule, head)) continue;
      CLARY_RETURN_IF_ERROR(store_.remove(bucket, head.key));
      ++removed;
    }
    if (!page.truncated) return removed;
    request.after = page.next_after;
  }
}

}  // namespace clary::objects
