#include "services/s3_access.h"

#include "base/text_encoding.h"
#include "base/time_text.h"
#include "objects/store_rules.h"
#include "services/bucket_rules.h"
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

std::optional<std::string> S3Access::expiration(const std::string& bucket,
                                                const objects::ObjectHead& head) const {
  if (rules_ == nullptr) return std::nullopt;
  const auto rules = rules_->lifecycle(BucketName(bucket));
  // Rules that cannot be read expire nothing; the sweep logs them.
  if (!rules.ok() || *rules == nullptr) return std::nullopt;
  return expiration_text(**rules, head);
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

ServiceError S3Access::is_delete_marker(const objects::ObjectHead& head) {
  ServiceError out("MethodNotAllowed", "The specified method is not allowed against this resource.",
                   405);
  out.headers.add("Allow", "DELETE");
  out.headers.add("x-amz-delete-marker", "true");
  out.headers.add("x-amz-version-id", head.version_id);
  out.headers.add("Last-Modified", http_date(head.last_modified));
  return out;
}

ServiceError S3Access::explain_read(const Error& error, const BucketName& bucket,
                                    const ObjectKey& key, const std::string& version) const {
  if (error.code == ErrorCode::kConflict) return precondition_failed();
  if (error.code != ErrorCode::kNotFound) return store_error(error);
  if (!version.empty())
    return ServiceError("NoSuchVersion", "The specified version does not exist.", 404);
  ServiceError absent = no_such_key();
  const Result<objects::Bucket> found = store_.find_bucket(bucket);
  if (!found.ok() || found->versioning == objects::Versioning::kOff) return absent;
  objects::ListRequest newest;
  newest.bucket = bucket;
  newest.prefix = key.value();
  newest.max_keys = 1;
  const Result<objects::ListPage> page = store_.list_versions(newest);
  if (page.ok() && !page->objects.empty() && page->objects.front().key == key) {
    absent.headers.add("x-amz-delete-marker", "true");
    absent.headers.add("x-amz-version-id", page->objects.front().version_id);
  }
  return absent;
}

ServiceError S3Access::explain_write(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return no_such_key();
  if (error.code == ErrorCode::kConflict) return precondition_failed();
  return store_error(error);
}

ServiceError S3Access::store_error(const Error& error) {
  // Nor quotas of buckets: Ceph's word for one.
  if (objects::is_above_quota(error)) return ServiceError("QuotaExceeded", error.message, 403);
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
