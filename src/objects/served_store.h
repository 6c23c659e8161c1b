// ServedStore: what a server serves as S3: objects, and the texts that belong to their buckets.
//
// Implementations: DirectoryStore, SharedBucketStore. Thread-safe.
#pragma once

#include "objects/bucket_settings.h"
#include "objects/object_store.h"

namespace clary::objects {

class ServedStore : public ObjectStore, public BucketSettings {};

}  // namespace clary::objects
