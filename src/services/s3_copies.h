// S3: CopyObject and UploadPartCopy: bytes that are here already. Thread-safe.
#pragma once

#include "api/objects.h"
#include "api/uploads.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

// "x-amz-copy-source": [/]bucket/key[?versionId=id], percent-encoded.
struct CopySource {
  std::string bucket;
  std::string key;
  std::string version;  // "": the current one
};
Outcome<CopySource> read_copy_source(std::string_view field);

class S3Copies {
 public:
  // store and rules outlive this; rules null: no bucket has rules.
  explicit S3Copies(objects::ObjectStore& store, BucketRules* rules = nullptr)
      : access_(store, rules) {}
  void add_to(Router& router);

  // OperationAborted: the source was replaced again and again while it was copied.
  Outcome<api::CopyObject::Reply> copy(const api::CopyObject::Request& request,
                                       const CallContext& context);
  Outcome<api::UploadPartCopy::Reply> copy_part(const api::UploadPartCopy::Request& request,
                                                const CallContext& context);

 private:
  // The source, with the conditions that the request puts on it.
  template <typename Request>
  Outcome<objects::ObjectBody> open_source(const Request& request, const CopySource& source,
                                           const std::optional<objects::RangeRequest>& range,
                                           const CallContext& context) const;

  // One look at the source and one copy of it. Nothing: it was replaced between the two.
  Outcome<std::optional<api::CopyObject::Reply>> copy_once(const api::CopyObject::Request& request,
                                                           const CopySource& source,
                                                           const CallContext& context) const;

  S3Access access_;
};

}  // namespace clary::services
