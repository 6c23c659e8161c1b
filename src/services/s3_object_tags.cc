#include "services/s3_object_tags.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "services/s3_tag_rules.h"

namespace clary::services {
namespace {

constexpr std::size_t kMostObjectTags = 10;

Outcome<objects::Tags> checked_tags(const std::vector<api::s3::Tag>& tags) {
  if (tags.size() > kMostObjectTags)
    return ServiceError("BadRequest", "Object tags cannot be greater than 10");
  if (auto wrong = check_tags(tags, kMostObjectTags)) return *wrong;
  objects::Tags out;
  for (const api::s3::Tag& tag : tags) out[tag.key] = tag.value;
  return out;
}

}  // namespace

Outcome<objects::Tags> read_tagging_header(const std::optional<std::string>& field) {
  if (!field) return objects::Tags();
  std::vector<api::s3::Tag> tags;
  for (const std::string_view pair : split(*field, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view raw =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    Result<std::string> key = form_decode(pair.substr(0, equals));
    Result<std::string> value = form_decode(raw);
    if (!key.ok() || !value.ok()) {
      return ServiceError(
          "InvalidArgument",
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
          "query parameters without tag name duplicates.");
    }
    api::s3::Tag& tag = tags.emplace_back();
    tag.key = std::move(*key);
    tag.value = std::move(*value);
  }
  return checked_tags(tags);
}

void S3ObjectTags::add_to(Router& router) {
  router.add<api::PutObjectTagging>(*this, &S3ObjectTags::put);
  router.add<api::GetObjectTagging>(*this, &S3ObjectTags::get);
  router.add<api::DeleteObjectTagging>(*this, &S3ObjectTags::remove);
}

template <typename Request>
Outcome<objects::ObjectHead> S3ObjectTags::set(const Request& request, const objects::Tags& tags,
                                               const CallContext& context) const {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  return access_.on_object(
      request, context,
      [&](const BucketName& bucket, const ObjectKey& key, const std::string& version) {
        return access_.store().set_tags(bucket, key, version, tags);
      });
}

Outcome<api::PutObjectTagging::Reply> S3ObjectTags::put(
    const api::PutObjectTagging::Request& request, const CallContext& context) {
  CLARY_TRY(const objects::Tags tags, checked_tags(request.tagging.tag_set));
  CLARY_TRY(const objects::ObjectHead head, set(request, tags, context));
  api::PutObjectTagging::Reply reply;
  set_version(reply, head);
  return reply;
}

Outcome<api::DeleteObjectTagging::Reply> S3ObjectTags::remove(
    const api::DeleteObjectTagging::Request& request, const CallContext& context) {
  CLARY_TRY(const objects::ObjectHead head, set(request, {}, context));
  api::DeleteObjectTagging::Reply reply;
  set_version(reply, head);
  return reply;
}

Outcome<api::GetObjectTagging::Reply> S3ObjectTags::get(
    const api::GetObjectTagging::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  CLARY_TRY(const objects::ObjectHead head, access_.find_object(request, context));
  api::GetObjectTagging::Reply reply;
  for (const auto& [name, value] : head.tags) {
    api::s3::Tag& tag = reply.tag_set.emplace_back();
    tag.key = name;
    tag.value = value;
  }
  set_version(reply, head);
  return reply;
}

}  // namespace clary::services
