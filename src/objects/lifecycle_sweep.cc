#include "objects/lifecycle_sweep.h"

#include <algorithm>

namespace clary::objects {
namespace {

ListRequest listing(const BucketName& bucket, const LifecycleRule& rule) {
  ListRequest request;
  request.bucket = bucket;
  request.prefix = rule.prefix;
  return request;
}

void go_on(ListRequest& request, const PageEnd& page) {
  request.after = page.next_after;
  request.after_id = page.next_after_id;
}

// Chooses among the versions of a bucket as they are listed: by key, newest first.
class VersionChooser {
 public:
  VersionChooser(const LifecycleRule& rule, TimePoint now) : rule_(rule), now_(now) {}

  // Whether the rule takes the version as one that is not current.
  bool takes(const ObjectHead& version) {
    const bool same_key = !newer_.key.empty() && newer_.key == version.key;
    if (!same_key) noncurrent_ = 0;
    const TimePoint superseded = newer_.last_modified;
    newer_ = version;
    if (version.latest || !same_key) return false;
    const bool is_kept = noncurrent_++ < rule_.kept_noncurrent;
    return !is_kept && rule_.expire_noncurrent_after_days &&
           now_ >= midnight_after(superseded, *rule_.expire_noncurrent_after_days);
  }

 private:
  const LifecycleRule& rule_;
  TimePoint now_;
  ObjectHead newer_;  // the version listed before
  std::size_t noncurrent_ = 0;
};

}  // namespace

TimePoint midnight_after(TimePoint begin, std::int64_t days) {
  const auto aged = begin + std::chrono::days(days);
  return TimePoint(std::chrono::ceil<std::chrono::days>(aged.time_since_epoch()));
}

std::optional<TimePoint> expiry(const LifecycleRule& rule, TimePoint modified) {
  if (rule.expire_from) return rule.expire_from;
  if (!rule.expire_after_days) return std::nullopt;
  return midnight_after(modified, *rule.expire_after_days);
}

bool covers(const LifecycleRule& rule, const ObjectHead& head) {
  if (!head.key->starts_with(rule.prefix)) return false;
  if (rule.larger_than_bytes && head.size_bytes <= *rule.larger_than_bytes) return false;
  if (rule.smaller_than_bytes && head.size_bytes >= *rule.smaller_than_bytes) return false;
  return std::all_of(rule.tags.begin(), rule.tags.end(), [&](const auto& tag) {
    const auto found = head.tags.find(tag.first);
    return found != head.tags.end() && found->second == tag.second;
  });
}

Result<std::size_t> LifecycleSweep::run(const std::stop_token& stop) {
  CLARY_TRY(const std::vector<Bucket> buckets, store_.list_buckets());
  std::size_t removed = 0;
  Status first;  // one bucket's error keeps no other from its turn
  for (const Bucket& bucket : buckets) {
    const Result<std::size_t> swept = sweep(bucket.name, stop);
    if (swept.ok()) removed += *swept;
    if (!swept.ok() && swept.error().code != ErrorCode::kNotFound && first.ok())
      first = swept.error().within("bucket '" + *bucket.name + "'");
  }
  if (!first.ok()) return first.error();
  return removed;
}

Result<std::size_t> LifecycleSweep::sweep(const BucketName& bucket, const std::stop_token& stop) {
  std::size_t removed = 0;
  for (const LifecycleRule& rule : rules_(bucket)) {
    if (stop.stop_requested()) break;
    const At at{bucket, rule, stop};
    CLARY_TRY(const std::size_t objects, expire_objects(at));
    CLARY_TRY(const std::size_t versions, expire_versions(at));
    CLARY_TRY(const std::size_t uploads, abort_uploads(at));
    removed += objects + versions + uploads;
  }
  return removed;
}

Result<bool> LifecycleSweep::covers_listed(const At& at, const ObjectHead& head) {
  if (at.rule.tags.empty()) return covers(at.rule, head);
  const Result<ObjectHead> whole = store_.head(at.bucket, head.key, head.version_id);
  if (!whole.ok() && whole.error().code == ErrorCode::kNotFound) return false;
  if (!whole.ok()) return whole.error();
  return covers(at.rule, *whole);
}

Result<std::size_t> LifecycleSweep::remove(const BucketName& bucket,
                                           const std::vector<Removal>& removals) {
  if (removals.empty()) return std::size_t{0};
  CLARY_TRY(const std::vector<Result<Removed>> outcomes, store_.remove(bucket, removals));
  return static_cast<std::size_t>(std::count_if(
      outcomes.begin(), outcomes.end(), [](const Result<Removed>& one) { return one.ok(); }));
}

Result<std::size_t> LifecycleSweep::expire_objects(const At& at) {
  const auto& [bucket, rule, stop] = at;
  if (!rule.expire_after_days && !rule.expire_from) return std::size_t{0};
  const TimePoint now = clock_.now();
  ListRequest request = listing(bucket, rule);
  std::size_t removed = 0;
  for (;;) {
    CLARY_TRY(const ListPage page, store_.list(request));
    std::vector<Removal> removals;
    for (const ObjectHead& head : page.objects) {
      if (now < *expiry(rule, head.last_modified)) continue;
      CLARY_TRY(const bool covered, covers_listed(at, head));
      if (covered)
        removals.push_back(
            {.key = head.key, .if_etag = head.etag, .if_modified = head.last_modified});
    }
    CLARY_TRY(const std::size_t gone, remove(bucket, removals));
    removed += gone;
    if (!page.truncated || stop.stop_requested()) return removed;
    go_on(request, page);
  }
}

Result<std::size_t> LifecycleSweep::expire_versions(const At& at) {
  const auto& [bucket, rule, stop] = at;
  if (!rule.expire_noncurrent_after_days && !rule.expire_lone_markers) return std::size_t{0};
  VersionChooser chooser(rule, clock_.now());
  ListRequest request = listing(bucket, rule);
  std::optional<ObjectHead> marker;  // the newest of its key; lone until another of that key comes
  std::size_t removed = 0;
  const auto remove_of = [](const ObjectHead& head) {
    return Removal{.key = head.key, .version = head.version_id};
  };
  for (;;) {
    CLARY_TRY(const ListPage page, store_.list_versions(request));
    std::vector<Removal> removals;
    for (const ObjectHead& head : page.objects) {
      if (marker && marker->key != head.key) removals.push_back(remove_of(*marker));
      marker.reset();
      if (rule.expire_lone_markers && head.latest && head.delete_marker) marker = head;
      if (!chooser.takes(head)) continue;
      CLARY_TRY(const bool covered, covers_listed(at, head));
      if (covered) removals.push_back(remove_of(head));
    }
    if (marker && !page.truncated) removals.push_back(remove_of(*marker));
    CLARY_TRY(const std::size_t gone, remove(bucket, removals));
    removed += gone;
    if (!page.truncated || stop.stop_requested()) return removed;
    go_on(request, page);
  }
}

Result<std::size_t> LifecycleSweep::abort_uploads(const At& at) {
  const auto& [bucket, rule, stop] = at;
  if (!rule.abort_uploads_after_days) return std::size_t{0};
  const TimePoint now = clock_.now();
  ListRequest request = listing(bucket, rule);
  std::size_t aborted = 0;
  for (;;) {
    CLARY_TRY(const UploadPage page, store_.list_uploads(request));
    for (const PendingUpload& upload : page.uploads) {
      if (now < midnight_after(upload.begun, *rule.abort_uploads_after_days)) continue;
      const Status gone = store_.abort_upload(bucket, upload.key, upload.id);
      if (!gone.ok() && gone.error().code != ErrorCode::kNotFound) return gone.error();
      ++aborted;
    }
    if (!page.truncated || stop.stop_requested()) return aborted;
    go_on(request, page);
  }
}

}  // namespace clary::objects
