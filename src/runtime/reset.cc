#include "runtime/reset.h"

#include <vector>

namespace clary::runtime {

Status RuntimeReset::run() {
  before_();
  parts_.runner.pause();
  Status done = empty();
  parts_.runner.resume();
  after_();
  return done;
}

Status RuntimeReset::empty() {
  // Before their instances end: nobody is to start new ones in the places of those.
  CLARY_RETURN_IF_ERROR(parts_.endpoints.clear());
  CLARY_RETURN_IF_ERROR(parts_.records.clear());
  CLARY_TRY(const std::vector<GangId> gangs, parts_.effects.known_gangs());
  for (const GangId& gang : gangs) CLARY_RETURN_IF_ERROR(parts_.effects.end_gang(gang));
  CLARY_RETURN_IF_ERROR(parts_.jobs.clear());
  CLARY_RETURN_IF_ERROR(parts_.logs.clear());
  CLARY_RETURN_IF_ERROR(parts_.metrics.clear());
  CLARY_RETURN_IF_ERROR(parts_.identities.clear());
  return empty_buckets();
}

Status RuntimeReset::empty_buckets() {
  CLARY_TRY(const std::vector<objects::Bucket> buckets, parts_.objects.list_buckets());
  for (const objects::Bucket& bucket : buckets) {
    while (true) {
      CLARY_TRY(const objects::ListPage page,
                parts_.objects.list_versions({.bucket = bucket.name}));
      if (page.objects.empty()) break;
      std::vector<objects::Removal> removals;
      for (const objects::ObjectHead& object : page.objects) {
        removals.push_back({.key = object.key, .version = object.version_id});
      }
      CLARY_TRY([[maybe_unused]] const auto removed, parts_.objects.remove(bucket.name, removals));
    }
    CLARY_RETURN_IF_ERROR(parts_.objects.remove_bucket(bucket.name));
  }
  return {};
}

}  // namespace clary::runtime
