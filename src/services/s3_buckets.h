// S3: ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation. Thread-safe.
#pragma once

#include "api/buckets.h"
#include "objects/bucket_settings.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3Buckets {
 public:
  // store and settings outlive this.
  S3Buckets(objects::ObjectStore& store, objects::BucketSettings& settings)
      : access_(store), settings_(settings) {}
  void add_to(Router& router);

  Outcome<api::ListBuckets::Reply> list(const api::ListBuckets::Request& request,
                                        const CallContext& context);
  Outcome<api::CreateBucket::Reply> create(const api::CreateBucket::Request& request,
                                           const CallContext& context);
  Outcome<api::DeleteBucket::Reply> remove(const api::DeleteBucket::Request& request,
                                           const CallContext& context);
  Outcome<api::HeadBucket::Reply> head(const api::HeadBucket::Request& request,
                                       const CallContext& context);
  Outcome<api::GetBucketLocation::Reply> location(const api::GetBucketLocation::Request& request,
                                                  const CallContext& context);

 private:
  S3Access access_;
  objects::BucketSettings& settings_;
};

}  // namespace clary::services
