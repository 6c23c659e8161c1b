// S3: what Clary does not keep, answered with how things are: no access lists, no website, no
// logging, no replication, no locks. Thread-safe.
#pragma once

#include "api/bucket_defaults.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3BucketDefaults {
 public:
  // store outlives this.
  explicit S3BucketDefaults(objects::ObjectStore& store) : access_(store) {}
  void add_to(Router& router);

  Outcome<api::GetBucketAcl::Reply> bucket_acl(const api::GetBucketAcl::Request& request,
                                               const CallContext& context);
  Outcome<api::GetObjectAcl::Reply> object_acl(const api::GetObjectAcl::Request& request,
                                               const CallContext& context);
  // "private" only, which is how everything is; the tables refuse the rest.
  Outcome<api::PutBucketAcl::Reply> put_bucket_acl(const api::PutBucketAcl::Request& request,
                                                   const CallContext& context);
  Outcome<api::PutObjectAcl::Reply> put_object_acl(const api::PutObjectAcl::Request& request,
                                                   const CallContext& context);
  Outcome<api::GetBucketOwnershipControls::Reply> ownership(
      const api::GetBucketOwnershipControls::Request& request, const CallContext& context);
  Outcome<api::GetBucketRequestPayment::Reply> payer(
      const api::GetBucketRequestPayment::Request& request, const CallContext& context);

 private:
  // An empty reply for a bucket that is there.
  template <typename Operation>
  Outcome<typename Operation::Reply> nothing(const typename Operation::Request& request,
                                             const CallContext& context);
  // The error that stands for "never configured".
  template <typename Operation>
  Outcome<typename Operation::Reply> absent(const typename Operation::Request& request,
                                            const CallContext& context);
  template <typename Request>
  std::optional<ServiceError> check_object(const Request& request, const CallContext& context);

  S3Access access_;
};

}  // namespace clary::services
