// The objects of a server that keeps them in an S3 somewhere else: `clary serve --objects`.
#pragma once

#include <memory>

#include "apps/data_folder.h"
#include "apps/settings.h"
#include "base/clock.h"
#include "base/id_source.h"
#include "base/result.h"
#include "objects/shared_bucket_store.h"

namespace clary::apps {

struct RemoteObjects {
  std::unique_ptr<objects::ObjectStore> remote;
  std::unique_ptr<objects::SharedBucketStore> shared;  // in `remote`
};

// Reaches the bucket of settings.objects_location, claims its prefix for this data directory
// (<data>/objects.id says who that is) and reads what is known of its buckets. Errors name the
// location and what to do. clock outlives the stores.
Result<RemoteObjects> open_remote_objects(const DataFolder& folder, const Settings& settings,
                                          const Clock& clock, IdSource& ids);

}  // namespace clary::apps
