// LifecycleSweep: removes objects when their bucket's lifecycle rules say so.
//
// Rules as Amazon S3 has them: an object that expires after N days goes at the first midnight (UTC)
// that is N days or more after it was put; a rule with a date takes everything it covers from that
// date on. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "objects/object_store.h"

namespace clary::objects {

struct LifecycleRule {
  std::string prefix;
  std::optional<std::uint64_t> larger_than_bytes;
  std::optional<std::uint64_t> smaller_than_bytes;
  std::optional<std::int64_t> expire_after_days;
  std::optional<TimePoint> expire_from;
};

// When the rule takes an object put at `modified`; nothing: never.
std::optional<TimePoint> expiry(const LifecycleRule& rule, TimePoint modified);

class LifecycleSweep {
 public:
  // The rules of a bucket that are enabled; none: it is passed by.
  using RulesOf = std::function<std::vector<LifecycleRule>(const BucketName&)>;
  // store and clock outlive this.
  LifecycleSweep(ObjectStore& store, const Clock& clock, RulesOf rules)
      : store_(store), clock_(clock), rules_(std::move(rules)) {}

  // Once through every bucket that has rules. The number of objects that were removed.
  // Cost: one page of a list per 1,000 objects under the rules' prefixes.
  Result<std::size_t> run();

 private:
  Result<std::size_t> sweep(const BucketName& bucket, const LifecycleRule& rule);

  ObjectStore& store_;
  const Clock& clock_;
  RulesOf rules_;
};

}  // namespace clary::objects
