#include "services/s3_versioning.h"

namespace clary::services {

using objects::Versioning;

void S3Versioning::add_to(Router& router) {
  router.add<api::PutBucketVersioning>(*this, &S3Versioning::put);
  router.add<api::GetBucketVersioning>(*this, &S3Versioning::get);
}

Outcome<api::PutBucketVersioning::Reply> S3Versioning::put(
    const api::PutBucketVersioning::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (!request.versioning_configuration.status) {
    return ServiceError("IllegalVersioningConfigurationException",
                        "The Versioning element must be specified");
  }
  const Versioning wanted = *request.versioning_configuration.status == "Enabled"
                                ? Versioning::kEnabled
                                : Versioning::kSuspended;
  return access_.on_bucket(
      request.bucket, context,
      [&]() -> Result<api::PutBucketVersioning::Reply> {
        CLARY_RETURN_IF_ERROR(access_.store().set_versioning(BucketName(request.bucket), wanted));
        return api::PutBucketVersioning::Reply{};
      },
      S3Access::store_error);
}

Outcome<api::GetBucketVersioning::Reply> S3Versioning::get(
    const api::GetBucketVersioning::Request& request, const CallContext& context) {
  CLARY_TRY(const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  api::GetBucketVersioning::Reply reply;
  if (bucket.versioning == Versioning::kEnabled) reply.status = "Enabled";
  if (bucket.versioning == Versioning::kSuspended) reply.status = "Suspended";
  return reply;
}

}  // namespace clary::services
