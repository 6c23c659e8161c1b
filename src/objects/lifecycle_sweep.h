// LifecycleSweep: removes what the lifecycle rules of its bucket say: objects, versions that are
// not current, delete markers that hide nothing, uploads that nobody completes.
//
// Rules as Amazon S3 has them: what ends after N days goes at the first midnight (UTC) that is N
// days or more after it was put, after it ceased to be current, or after the upload began; a rule
// with a date takes everything it covers from that date on. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "objects/object_store.h"

namespace clary::objects {

struct LifecycleRule {
  std::string id;
  std::string prefix;
  Tags tags;  // all of which the object must have
  std::optional<std::uint64_t> larger_than_bytes;
  std::optional<std::uint64_t> smaller_than_bytes;

  std::optional<std::int64_t> expire_after_days;
  std::optional<TimePoint> expire_from;
  bool expire_lone_markers = false;  // delete markers with no version under them
  std::optional<std::int64_t> expire_noncurrent_after_days;
  std::size_t kept_noncurrent = 0;  // so many of the newest stay all the same
  std::optional<std::int64_t> abort_uploads_after_days;
};

// The first midnight that is `days` or more after `begin`.
TimePoint midnight_after(TimePoint begin, std::int64_t days);
// When the rule takes an object put at `modified`; nothing: never.
std::optional<TimePoint> expiry(const LifecycleRule& rule, TimePoint modified);
// Whether the rule is about this object: its prefix, size and tags, which `head` must have.
bool covers(const LifecycleRule& rule, const ObjectHead& head);

class LifecycleSweep {
 public:
  // The rules of a bucket that are enabled; none: it is passed by.
  using RulesOf = std::function<std::vector<LifecycleRule>(const BucketName&)>;
  // store and clock outlive this.
  LifecycleSweep(ObjectStore& store, const Clock& clock, RulesOf rules)
      : store_(store), clock_(clock), rules_(std::move(rules)) {}

  // Once through every bucket that has rules. The number of objects, versions, markers and uploads
  // that were removed. What was replaced meanwhile stays.
  // A stop ends it after the page it is at; what is left is the next run's.
  // Cost: one page of a list per 1,000 objects under the rules' prefixes; a look at each object
  // that has expired, for rules with tags.
  Result<std::size_t> run(const std::stop_token& stop = {});

 private:
  // Where the sweep is.
  struct At {
    const BucketName& bucket;
    const LifecycleRule& rule;
    const std::stop_token& stop;
  };
  Result<std::size_t> expire_objects(const At& at);
  Result<std::size_t> expire_versions(const At& at);
  Result<std::size_t> abort_uploads(const At& at);
  Result<std::size_t> sweep(const BucketName& bucket, const std::stop_token& stop);
  // The same as the pure function; looks the tags up where the rule asks for some.
  Result<bool> covers_listed(const At& at, const ObjectHead& head);
  Result<std::size_t> remove(const BucketName& bucket, const std::vector<Removal>& removals);

  ObjectStore& store_;
  const Clock& clock_;
  RulesOf rules_;
};

}  // namespace clary::objects
