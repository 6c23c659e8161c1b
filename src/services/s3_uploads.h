// S3: CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload, ListParts,
// ListMultipartUploads. Thread-safe.
#pragma once

#include <memory>

#include "api/uploads.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

// Of the store's calls on an upload; the bucket is known to be there.
ServiceError explain_upload_error(const Error& error);
// InvalidArgument outside 1 to 10,000.
std::optional<ServiceError> check_upload_part_number(std::int64_t number);

class S3Uploads {
 public:
  // store and rules outlive this; rules null: no bucket has rules.
  explicit S3Uploads(objects::ObjectStore& store, BucketRules* rules = nullptr)
      : access_(store, rules) {}
  void add_to(Router& router);

  Outcome<api::CreateMultipartUpload::Reply> create(
      const api::CreateMultipartUpload::Request& request, const CallContext& context);
  Outcome<std::unique_ptr<BodySink<api::UploadPart::Reply>>> put_part(
      const api::UploadPart::Request& request, const BodyFacts& facts, const CallContext& context);
  Outcome<api::CompleteMultipartUpload::Reply> complete(
      const api::CompleteMultipartUpload::Request& request, const CallContext& context);
  Outcome<api::AbortMultipartUpload::Reply> abort(const api::AbortMultipartUpload::Request& request,
                                                  const CallContext& context);
  Outcome<api::ListParts::Reply> list_parts(const api::ListParts::Request& request,
                                            const CallContext& context);
  Outcome<api::ListMultipartUploads::Reply> list(const api::ListMultipartUploads::Request& request,
                                                 const CallContext& context);

 private:
  // A completion that names another type than the upload has is refused.
  std::optional<ServiceError> check_checksum_type(const objects::CompleteRequest& request,
                                                  const std::string& type) const;
  ServiceError explain_complete(const objects::CompleteRequest& request, const Error& error) const;

  S3Access access_;
};

}  // namespace clary::services
