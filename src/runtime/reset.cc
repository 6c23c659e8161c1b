#include "runtime/reset.h"

#include "runtime/gang_effects.h"

namespace clary::runtime {

Status RuntimeReset::run() {
  CLARY_RETURN_IF_ERROR(end_gangs());
  // The jobs first: a host that still reports finds no job and is sent away.
  CLARY_RETURN_IF_ERROR(parts_.jobs.clear());
  CLARY_RETURN_IF_ERROR(parts_.logs.clear());
  CLARY_RETURN_IF_ERROR(parts_.metrics.clear());
  return empty_buckets();
}

Status RuntimeReset::end_gangs() {
  domain::JobQuery query{.limit = 1000};
  do {
    CLARY_TRY(const domain::JobPage page, parts_.jobs.list(query));
    for (const domain::Job& job : page.jobs) {
      if (job.gang_handle.empty()) continue;
      CLARY_TRY(const compute::GangHandle handle, parse_handle(job.gang_handle));
      CLARY_RETURN_IF_ERROR(parts_.backend.remove(handle));
    }
    query.after = page.next;
  } while (!query.after.empty());
  CLARY_TRY(const std::vector<GangId> gangs, parts_.plans.folders().list());
  for (const GangId& gang : gangs) {
    parts_.listeners.close(gang);
    CLARY_RETURN_IF_ERROR(parts_.plans.discard(gang));
  }
  return {};
}

Status RuntimeReset::empty_buckets() {
  CLARY_TRY(const std::vector<objects::Bucket> buckets, parts_.objects.list_buckets());
  for (const objects::Bucket& bucket : buckets) {
    while (true) {
      CLARY_TRY(const objects::ListPage page, parts_.objects.list({.bucket = bucket.name}));
      if (page.objects.empty()) break;
      for (const objects::ObjectHead& object : page.objects) {
        CLARY_RETURN_IF_ERROR(parts_.objects.remove(bucket.name, object.key));
      }
    }
    CLARY_RETURN_IF_ERROR(parts_.objects.remove_bucket(bucket.name));
  }
  return {};
}

}  // namespace clary::runtime
