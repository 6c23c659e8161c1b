#include "services/s3_access.h"

#include "base/text_encoding.h"
#include "services/s3_rules.h"

namespace clary::services {

std::optional<ServiceError> S3Access::check_owner(const std::optional<std::string>& expected,
                                                  const CallContext& context) {
  if (!expected || *expected == context.account.value()) return std::nullopt;
  return ServiceError("AccessDenied", "Access Denied", 403);
}

bool S3Access::make_default_bucket(const std::string& bucket, const CallContext& context) const {
  const std::optional<Region> region = default_bucket_region(bucket, context.account);
  if (!region) return false;
  const Status made = store_.create_bucket({BucketName(bucket), context.now, *region});
  return made.ok() || made.error().code == ErrorCode::kAlreadyExists;
}

Outcome<objects::Bucket> S3Access::find_bucket(const std::string& bucket,
                                               const std::optional<std::string>& owner,
                                               const CallContext& context) const {
  if (auto denied = check_owner(owner, context)) return *denied;
  return on_bucket(
      bucket, context, [&] { return store_.find_bucket(BucketName(bucket)); }, store_error);
}

ServiceError S3Access::no_such_bucket() {
  return ServiceError("NoSuchBucket", "The specified bucket does not exist", 404);
}
ServiceError S3Access::no_such_key() {
  return ServiceError("NoSuchKey", "The specified key does not exist.", 404);
}
ServiceError S3Access::no_such_upload() {
  return ServiceError("NoSuchUpload",
                      "The specified upload does not exist. The upload ID may be invalid, or the "
                      "upload may have been "
                      "aborted or completed.",
                      404);
}
ServiceError S3Access::precondition_failed() {
  return ServiceError("PreconditionFailed",
                      "At least one of the pre-conditions you specified did not hold", 412);
}

ServiceError S3Access::store_error(const Error& error) {
  // AWS has no full disk. 507 is RFC 4918's word for it, and clients do not retry it.
  if (error.code == ErrorCode::kLimitExceeded)
    return ServiceError("InsufficientStorage", error.message, 507);
  return error;
}

std::optional<ServiceError> check_object_key(const std::string& key) {
  if (key.size() > objects::kMaxKeyBytes)
    return ServiceError("KeyTooLongError", "Your key is too long");
  if (key.empty() || !is_valid_utf8(key))
    return ServiceError("InvalidURI", "Couldn't parse the specified URI.");
  return std::nullopt;
}

}  // namespace clary::services
