// S3: PutObject, GetObject, HeadObject, GetObjectAttributes, DeleteObject, DeleteObjects.
// Thread-safe.
#pragma once

#include <memory>

#include "api/objects.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3Objects {
 public:
  // store and rules outlive this; rules null: no bucket has rules.
  explicit S3Objects(objects::ObjectStore& store, BucketRules* rules = nullptr)
      : access_(store, rules) {}
  void add_to(Router& router);

  Outcome<std::unique_ptr<BodySink<api::PutObject::Reply>>> put(
      const api::PutObject::Request& request, const BodyFacts& facts, const CallContext& context);
  Outcome<WithBody<api::GetObject::Reply>> get(const api::GetObject::Request& request,
                                               const CallContext& context);
  // Without a body; `length` is what a GET would send.
  Outcome<WithBody<api::HeadObject::Reply>> head(const api::HeadObject::Request& request,
                                                 const CallContext& context);
  Outcome<api::DeleteObject::Reply> remove(const api::DeleteObject::Request& request,
                                           const CallContext& context);
  Outcome<api::DeleteObjects::Reply> remove_all(const api::DeleteObjects::Request& request,
                                                const CallContext& context);
  Outcome<api::GetObjectAttributes::Reply> attributes(
      const api::GetObjectAttributes::Request& request, const CallContext& context);

 private:
  template <typename Request>
  Outcome<objects::ObjectBody> open(const Request& request, const CallContext& context);

  S3Access access_;
};

}  // namespace clary::services
