#include "services/s3_bucket_defaults.h"

#include <string>
#include <vector>

namespace clary::services {
namespace {

// The code and the sentence of AWS for each setting that was never made.
template <typename Operation>
ServiceError never_configured();
template <>
ServiceError never_configured<api::GetBucketEncryption>() {
  return {"ServerSideEncryptionConfigurationNotFoundError",
          "The server side encryption configuration was not found", 404};
}
template <>
ServiceError never_configured<api::GetBucketReplication>() {
  return {"ReplicationConfigurationNotFoundError", "The replication configuration was not found",
          404};
}
template <>
ServiceError never_configured<api::GetBucketWebsite>() {
  return {"NoSuchWebsiteConfiguration",
          "The specified bucket does not have a website configuration", 404};
}
template <>
ServiceError never_configured<api::GetObjectLockConfiguration>() {
  return {"ObjectLockConfigurationNotFoundError",
          "Object Lock configuration does not exist for this bucket", 404};
}

// The owner may do everything, nobody else anything: what an access list says when there is none.
template <typename Reply>
Reply owner_only(const CallContext& context) {
  Reply reply;
  reply.owner = api::s3::Owner{std::nullopt, context.account.value()};
  api::s3::Grant grant;
  grant.grantee = api::s3::Grantee{};
  grant.grantee->type = "CanonicalUser";
  grant.grantee->id = context.account.value();
  grant.permission = "FULL_CONTROL";
  reply.grants = std::vector{grant};
  return reply;
}

}  // namespace

void S3BucketDefaults::add_to(Router& router) {
  router.add<api::GetBucketAcl>(*this, &S3BucketDefaults::bucket_acl);
  router.add<api::GetObjectAcl>(*this, &S3BucketDefaults::object_acl);
  router.add<api::PutBucketAcl>(*this, &S3BucketDefaults::put_bucket_acl);
  router.add<api::PutObjectAcl>(*this, &S3BucketDefaults::put_object_acl);
  router.add<api::GetBucketOwnershipControls>(*this, &S3BucketDefaults::ownership);
  router.add<api::GetBucketRequestPayment>(*this, &S3BucketDefaults::payer);
  router.add<api::GetBucketAccelerateConfiguration>(
      *this, &S3BucketDefaults::nothing<api::GetBucketAccelerateConfiguration>);
  router.add<api::GetBucketLogging>(*this, &S3BucketDefaults::nothing<api::GetBucketLogging>);
  router.add<api::GetBucketNotificationConfiguration>(
      *this, &S3BucketDefaults::nothing<api::GetBucketNotificationConfiguration>);
  router.add<api::GetBucketEncryption>(*this, &S3BucketDefaults::absent<api::GetBucketEncryption>);
  router.add<api::GetBucketReplication>(*this,
                                        &S3BucketDefaults::absent<api::GetBucketReplication>);
  router.add<api::GetBucketWebsite>(*this, &S3BucketDefaults::absent<api::GetBucketWebsite>);
  router.add<api::GetObjectLockConfiguration>(
      *this, &S3BucketDefaults::absent<api::GetObjectLockConfiguration>);
}

template <typename Operation>
Outcome<typename Operation::Reply> S3BucketDefaults::nothing(
    const typename Operation::Request& request, const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  return typename Operation::Reply{};
}

template <typename Operation>
Outcome<typename Operation::Reply> S3BucketDefaults::absent(
    const typename Operation::Request& request, const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  return never_configured<Operation>();
}

template <typename Request>
std::optional<ServiceError> S3BucketDefaults::check_object(const Request& request,
                                                           const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return denied;
  if (auto refused = check_object_key(request.key)) return refused;
  CLARY_TRY([[maybe_unused]] const objects::ObjectHead head, access_.find_object(request, context));
  return std::nullopt;
}

Outcome<api::GetBucketAcl::Reply> S3BucketDefaults::bucket_acl(
    const api::GetBucketAcl::Request& request, const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  return owner_only<api::GetBucketAcl::Reply>(context);
}

Outcome<api::GetObjectAcl::Reply> S3BucketDefaults::object_acl(
    const api::GetObjectAcl::Request& request, const CallContext& context) {
  if (auto wrong = check_object(request, context)) return *wrong;
  return owner_only<api::GetObjectAcl::Reply>(context);
}

Outcome<api::PutBucketAcl::Reply> S3BucketDefaults::put_bucket_acl(
    const api::PutBucketAcl::Request& request, const CallContext& context) {
  return nothing<api::PutBucketAcl>(request, context);
}

Outcome<api::PutObjectAcl::Reply> S3BucketDefaults::put_object_acl(
    const api::PutObjectAcl::Request& request, const CallContext& context) {
  if (auto wrong = check_object(request, context)) return *wrong;
  return api::PutObjectAcl::Reply{};
}

Outcome<api::GetBucketOwnershipControls::Reply> S3BucketDefaults::ownership(
    const api::GetBucketOwnershipControls::Request& request, const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  api::GetBucketOwnershipControls::Reply reply;
  reply.ownership_controls.emplace().rules.push_back({"BucketOwnerEnforced"});
  return reply;
}

Outcome<api::GetBucketRequestPayment::Reply> S3BucketDefaults::payer(
    const api::GetBucketRequestPayment::Request& request, const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  return api::GetBucketRequestPayment::Reply{"BucketOwner"};
}

}  // namespace clary::services
