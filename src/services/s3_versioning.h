// S3: PutBucketVersioning, GetBucketVersioning. Thread-safe.
#pragma once

#include "api/bucket_versions.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3Versioning {
 public:
  // store outlives this.
  explicit S3Versioning(objects::ObjectStore& store) : access_(store) {}
  void add_to(Router& router);

  Outcome<api::PutBucketVersioning::Reply> put(const api::PutBucketVersioning::Request& request,
                                               const CallContext& context);
  Outcome<api::GetBucketVersioning::Reply> get(const api::GetBucketVersioning::Request& request,
                                               const CallContext& context);

 private:
  S3Access access_;
};

}  // namespace clary::services
