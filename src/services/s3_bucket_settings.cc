#include "services/s3_bucket_settings.h"

#include <algorithm>
#include <utility>

#include "domain/policy.h"
#include "services/cors.h"
#include "services/kept_text.h"
#include "services/s3_lifecycle.h"
#include "services/s3_tag_rules.h"

namespace clary::services {
namespace {

using objects::SettingKind;
using objects::SettingText;

ServiceError no_setting(const char* code, const char* message) { return {code, message, 404}; }

}  // namespace

void S3BucketSettings::add_to(Router& router) {
  router.add<api::PutBucketPolicy>(*this, &S3BucketSettings::put_policy);
  router.add<api::GetBucketPolicy>(*this, &S3BucketSettings::policy);
  router.add<api::GetBucketPolicyStatus>(*this, &S3BucketSettings::policy_status);
  router.add<api::DeleteBucketPolicy>(
      *this, &S3BucketSettings::remove<api::DeleteBucketPolicy, SettingKind::kPolicy>);
  router.add<api::PutBucketCors>(*this, &S3BucketSettings::put_cors);
  router.add<api::GetBucketCors>(*this, &S3BucketSettings::cors);
  router.add<api::DeleteBucketCors>(
      *this, &S3BucketSettings::remove<api::DeleteBucketCors, SettingKind::kCors>);
  router.add<api::PutBucketLifecycleConfiguration>(*this, &S3BucketSettings::put_lifecycle);
  router.add<api::GetBucketLifecycleConfiguration>(*this, &S3BucketSettings::lifecycle);
  router.add<api::DeleteBucketLifecycle>(
      *this, &S3BucketSettings::remove<api::DeleteBucketLifecycle, SettingKind::kLifecycle>);
  router.add<api::PutBucketTagging>(*this, &S3BucketSettings::put_tags);
  router.add<api::GetBucketTagging>(*this, &S3BucketSettings::tags);
  router.add<api::DeleteBucketTagging>(
      *this, &S3BucketSettings::remove<api::DeleteBucketTagging, SettingKind::kTags>);
  router.add<api::PutPublicAccessBlock>(*this, &S3BucketSettings::put_public_access);
  router.add<api::GetPublicAccessBlock>(*this, &S3BucketSettings::public_access);
  router.add<api::DeletePublicAccessBlock>(
      *this, &S3BucketSettings::remove<api::DeletePublicAccessBlock, SettingKind::kPublicAccess>);
}

template <typename Operation, SettingKind kKind>
Outcome<typename Operation::Reply> S3BucketSettings::remove(
    const typename Operation::Request& request, const CallContext& context) {
  return keep<typename Operation::Reply>(request, kKind, std::nullopt, context);
}

template <typename Request>
Outcome<SettingText> S3BucketSettings::find(const Request& request, SettingKind kind,
                                            const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  return settings_.setting(BucketName(request.bucket), kind);
}

template <typename Reply, typename Request>
Outcome<Reply> S3BucketSettings::keep(const Request& request, SettingKind kind,
                                      const std::optional<std::string>& text,
                                      const CallContext& context) {
  CLARY_TRY([[maybe_unused]] const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  const Status kept = settings_.set_setting(BucketName(request.bucket), kind, text);
  if (kept.ok()) return Reply{};
  if (kept.error().code == ErrorCode::kNotFound) return S3Access::no_such_bucket();
  return S3Access::store_error(kept.error());
}

Outcome<api::PutBucketPolicy::Reply> S3BucketSettings::put_policy(
    const api::PutBucketPolicy::Request& request, const CallContext& context) {
  const Result<domain::Policy> policy = domain::Policy::parse(request.policy);
  if (!policy.ok()) return ServiceError("MalformedPolicy", policy.error().message);
  if (const Status fits = policy->check_of_bucket(request.bucket); !fits.ok())
    return ServiceError("MalformedPolicy", fits.error().message);
  CLARY_TRY(const SettingText block, find(request, SettingKind::kPublicAccess, context));
  if (block != nullptr && policy->gives_everyone()) {
    CLARY_TRY(const auto wanted, from_kept_text<api::s3::PublicAccessBlockConfiguration>(*block));
    if (wanted.block_public_policy.value_or(false)) {
      return ServiceError("AccessDenied",
                          "User: " + context.principal +
                              " is not authorized to perform: s3:PutBucketPolicy because public "
                              "policies are prevented by the BlockPublicPolicy setting in S3 Block "
                              "Public Access.",
                          403);
    }
  }
  return keep<api::PutBucketPolicy::Reply>(request, SettingKind::kPolicy, request.policy, context);
}

Outcome<api::GetBucketPolicy::Reply> S3BucketSettings::policy(
    const api::GetBucketPolicy::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kPolicy, context));
  if (text == nullptr) return no_setting("NoSuchBucketPolicy", "The bucket policy does not exist");
  return api::GetBucketPolicy::Reply{*text};
}

Outcome<api::GetBucketPolicyStatus::Reply> S3BucketSettings::policy_status(
    const api::GetBucketPolicyStatus::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kPolicy, context));
  if (text == nullptr) return no_setting("NoSuchBucketPolicy", "The bucket policy does not exist");
  CLARY_TRY(const domain::Policy policy, domain::Policy::parse(*text));
  return api::GetBucketPolicyStatus::Reply{api::s3::PolicyStatus{policy.gives_everyone()}};
}

Outcome<api::PutBucketCors::Reply> S3BucketSettings::put_cors(
    const api::PutBucketCors::Request& request, const CallContext& context) {
  if (auto wrong = check_cors(request.cors_configuration)) return *wrong;
  return keep<api::PutBucketCors::Reply>(request, SettingKind::kCors,
                                         to_kept_text(request.cors_configuration), context);
}

Outcome<api::GetBucketCors::Reply> S3BucketSettings::cors(
    const api::GetBucketCors::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kCors, context));
  if (text == nullptr)
    return no_setting("NoSuchCORSConfiguration", "The CORS configuration does not exist");
  CLARY_TRY(auto kept, from_kept_text<api::s3::CORSConfiguration>(*text));
  return api::GetBucketCors::Reply{std::move(kept.cors_rules)};
}

Outcome<api::PutBucketLifecycleConfiguration::Reply> S3BucketSettings::put_lifecycle(
    const api::PutBucketLifecycleConfiguration::Request& request, const CallContext& context) {
  if (!request.lifecycle_configuration)
    return ServiceError("MalformedXML", "The body holds no LifecycleConfiguration.");
  api::s3::BucketLifecycleConfiguration kept = *request.lifecycle_configuration;
  if (auto wrong = complete_lifecycle(kept)) return *wrong;
  return keep<api::PutBucketLifecycleConfiguration::Reply>(request, SettingKind::kLifecycle,
                                                           to_kept_text(kept), context);
}

Outcome<api::GetBucketLifecycleConfiguration::Reply> S3BucketSettings::lifecycle(
    const api::GetBucketLifecycleConfiguration::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kLifecycle, context));
  if (text == nullptr)
    return no_setting("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
  CLARY_TRY(auto kept, from_kept_text<api::s3::BucketLifecycleConfiguration>(*text));
  api::GetBucketLifecycleConfiguration::Reply reply;
  reply.rules = std::move(kept.rules);
  return reply;
}

Outcome<api::PutBucketTagging::Reply> S3BucketSettings::put_tags(
    const api::PutBucketTagging::Request& request, const CallContext& context) {
  if (auto wrong = check_tags(request.tagging.tag_set, kMostBucketTags)) return *wrong;
  return keep<api::PutBucketTagging::Reply>(request, SettingKind::kTags,
                                            to_kept_text(request.tagging), context);
}

Outcome<api::GetBucketTagging::Reply> S3BucketSettings::tags(
    const api::GetBucketTagging::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kTags, context));
  if (text == nullptr) return no_setting("NoSuchTagSet", "The TagSet does not exist");
  CLARY_TRY(auto kept, from_kept_text<api::s3::Tagging>(*text));
  return api::GetBucketTagging::Reply{std::move(kept.tag_set)};
}

Outcome<api::PutPublicAccessBlock::Reply> S3BucketSettings::put_public_access(
    const api::PutPublicAccessBlock::Request& request, const CallContext& context) {
  return keep<api::PutPublicAccessBlock::Reply>(
      request, SettingKind::kPublicAccess, to_kept_text(request.public_access_block_configuration),
      context);
}

Outcome<api::GetPublicAccessBlock::Reply> S3BucketSettings::public_access(
    const api::GetPublicAccessBlock::Request& request, const CallContext& context) {
  CLARY_TRY(const SettingText text, find(request, SettingKind::kPublicAccess, context));
  if (text == nullptr) {
    return no_setting("NoSuchPublicAccessBlockConfiguration",
                      "The public access block configuration was not found");
  }
  CLARY_TRY(auto kept, from_kept_text<api::s3::PublicAccessBlockConfiguration>(*text));
  return api::GetPublicAccessBlock::Reply{std::move(kept)};
}

}  // namespace clary::services
