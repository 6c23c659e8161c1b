#include "services/s3_buckets.h"

#include <algorithm>
#include <utility>

#include "api/bucket_settings.h"
#include "services/kept_text.h"
#include "services/s3_rules.h"
#include "services/s3_tag_rules.h"

namespace clary::services {
namespace {

constexpr std::string_view kFirstRegion = "us-east-1";  // the one that has no LocationConstraint

std::string bucket_arn(const std::string& name) { return "arn:aws:s3:::" + name; }

// The region that a CreateBucket call means.
Outcome<Region> wanted_region(const api::CreateBucket::Request& request,
                              const CallContext& context) {
  const auto& configuration = request.create_bucket_configuration;
  if (!configuration || !configuration->location_constraint) return context.region;
  const std::string& wanted = *configuration->location_constraint;
  const std::string region = wanted == "EU" ? "eu-west-1" : wanted;
  if (region.empty() || region == kFirstRegion) {
    return ServiceError("InvalidLocationConstraint",
                        "The specified location-constraint is not valid");
  }
  if (context.region.value() != kFirstRegion && context.region.value() != region) {
    return ServiceError(
        "IllegalLocationConstraintException",
        "The " + region +
            " location constraint is incompatible for the region specific endpoint this "
            "request was sent to.");
  }
  return Region(region);
}

}  // namespace

void S3Buckets::add_to(Router& router) {
  router.add<api::ListBuckets>(*this, &S3Buckets::list);
  router.add<api::CreateBucket>(*this, &S3Buckets::create);
  router.add<api::DeleteBucket>(*this, &S3Buckets::remove);
  router.add<api::HeadBucket>(*this, &S3Buckets::head);
  router.add<api::GetBucketLocation>(*this, &S3Buckets::location);
}

Outcome<api::ListBuckets::Reply> S3Buckets::list(const api::ListBuckets::Request& request,
                                                 const CallContext& context) {
  CLARY_TRY(const std::vector<objects::Bucket> all, access_.store().list_buckets());
  std::string after;
  if (request.continuation_token) {
    const std::optional<std::string> read = read_continuation_token(*request.continuation_token);
    if (!read)
      return ServiceError("InvalidArgument", "The continuation token provided is incorrect");
    after = *read;
  }
  const auto limit = static_cast<std::size_t>(request.max_buckets.value_or(10'000));
  api::ListBuckets::Reply reply;
  reply.owner = api::s3::Owner{std::nullopt, context.account.value()};
  reply.prefix = request.prefix;
  std::vector<api::s3::Bucket>& buckets = reply.buckets.emplace();
  for (const objects::Bucket& bucket : all) {
    if (bucket.name.value() <= after || !bucket.name->starts_with(request.prefix.value_or("")))
      continue;
    if (request.bucket_region && *request.bucket_region != bucket.region.value()) continue;
    if (buckets.size() == limit) {
      reply.continuation_token = continuation_token(*buckets.back().name);
      break;
    }
    buckets.push_back(
        {bucket.name.value(), bucket.created, bucket.region.value(), bucket_arn(*bucket.name)});
  }
  return reply;
}

Outcome<api::CreateBucket::Reply> S3Buckets::create(const api::CreateBucket::Request& request,
                                                    const CallContext& context) {
  if (!is_valid_bucket_name(request.bucket)) {
    return ServiceError("InvalidBucketName", "The specified bucket is not valid.");
  }
  CLARY_TRY(const Region region, wanted_region(request, context));
  const auto tags = request.create_bucket_configuration ? request.create_bucket_configuration->tags
                                                        : std::nullopt;
  if (tags) {
    if (auto wrong = check_tags(*tags, kMostBucketTags)) return *wrong;
  }
  const BucketName name(request.bucket);
  const api::CreateBucket::Reply reply{"/" + request.bucket, bucket_arn(request.bucket)};
  const Status made = access_.store().create_bucket({name, context.now, region});
  if (made.ok() && tags) {
    CLARY_RETURN_IF_ERROR(settings_.set_setting(name, objects::SettingKind::kTags,
                                                to_kept_text(api::s3::Tagging{*tags})));
  }
  if (made.ok()) return reply;
  if (made.error().code != ErrorCode::kAlreadyExists) return S3Access::store_error(made.error());
  // AWS: making your own bucket again succeeds in us-east-1 and nowhere else.
  CLARY_TRY(const objects::Bucket present, access_.store().find_bucket(name));
  if (present.region.value() == kFirstRegion && region.value() == kFirstRegion) return reply;
  return ServiceError(
      "BucketAlreadyOwnedByYou",
      "Your previous request to create the named bucket succeeded and you already own it.", 409);
}

Outcome<api::DeleteBucket::Reply> S3Buckets::remove(const api::DeleteBucket::Request& request,
                                                    const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  const Status removed = access_.store().remove_bucket(BucketName(request.bucket));
  if (removed.ok()) return api::DeleteBucket::Reply{};
  if (removed.error().code == ErrorCode::kNotFound) return S3Access::no_such_bucket();
  if (removed.error().code == ErrorCode::kConflict) {
    return ServiceError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
  }
  return S3Access::store_error(removed.error());
}

Outcome<api::HeadBucket::Reply> S3Buckets::head(const api::HeadBucket::Request& request,
                                                const CallContext& context) {
  CLARY_TRY(const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  api::HeadBucket::Reply reply;
  reply.bucket_region = bucket.region.value();
  reply.bucket_arn = bucket_arn(request.bucket);
  reply.access_point_alias = false;
  return reply;
}

Outcome<api::GetBucketLocation::Reply> S3Buckets::location(
    const api::GetBucketLocation::Request& request, const CallContext& context) {
  CLARY_TRY(const objects::Bucket bucket,
            access_.find_bucket(request.bucket, request.expected_bucket_owner, context));
  api::GetBucketLocation::Reply reply;
  if (bucket.region.value() != kFirstRegion) reply.location_constraint = bucket.region.value();
  return reply;
}

}  // namespace clary::services
