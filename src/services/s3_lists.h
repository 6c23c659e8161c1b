// S3: ListObjects (both versions) and ListObjectVersions. Thread-safe.
#pragma once

#include "api/object_lists.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3Lists {
 public:
  // store outlives this.
  explicit S3Lists(objects::ObjectStore& store) : access_(store) {}
  void add_to(Router& router);

  Outcome<api::ListObjects::Reply> list_first(const api::ListObjects::Request& request,
                                              const CallContext& context);
  Outcome<api::ListObjectsV2::Reply> list(const api::ListObjectsV2::Request& request,
                                          const CallContext& context);
  Outcome<api::ListObjectVersions::Reply> versions(const api::ListObjectVersions::Request& request,
                                                   const CallContext& context);

 private:
  S3Access access_;
};

}  // namespace clary::services
