#include "services/s3_lists.h"

#include <utility>

#include "services/s3_checksums.h"
#include "services/s3_list_texts.h"
#include "services/s3_rules.h"

namespace clary::services {
namespace {

using objects::ObjectHead;

// What the three lists ask alike.
template <typename Request>
Outcome<objects::ListRequest> list_request(const Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_encoding(request.encoding_type)) return *refused;
  objects::ListRequest out;
  out.bucket = BucketName(request.bucket);
  out.prefix = request.prefix.value_or("");
  out.delimiter = request.delimiter.value_or("");
  CLARY_TRY(out.max_keys, page_size(request.max_keys, "maxKeys"));
  return out;
}

// What api::s3::Object and ObjectVersion share.
template <typename Entry, typename Request>
Entry shown_object(const ObjectHead& head, const Request& request) {
  Entry out;
  out.key = shown(*head.key, request);
  out.last_modified = head.last_modified;
  out.etag = quoted_etag(head.etag);
  out.size = static_cast<std::int64_t>(head.size_bytes);
  out.storage_class = "STANDARD";
  if (head.checksum) {
    out.checksum_algorithm.emplace().emplace_back(checksum_name(head.checksum->kind));
    out.checksum_type = checksum_type(*head.checksum);
  }
  return out;
}

template <typename Request>
std::vector<api::s3::Object> shown_objects(const objects::ListPage& page, const Request& request,
                                           const std::optional<api::s3::Owner>& owner) {
  std::vector<api::s3::Object> out;
  out.reserve(page.objects.size());
  for (const ObjectHead& head : page.objects) {
    out.push_back(shown_object<api::s3::Object>(head, request));
    out.back().owner = owner;
  }
  return out;
}

}  // namespace

void S3Lists::add_to(Router& router) {
  router.add<api::ListObjects>(*this, &S3Lists::list_first);
  router.add<api::ListObjectsV2>(*this, &S3Lists::list);
  router.add<api::ListObjectVersions>(*this, &S3Lists::versions);
}

Outcome<api::ListObjects::Reply> S3Lists::list_first(const api::ListObjects::Request& request,
                                                     const CallContext& context) {
  CLARY_TRY(objects::ListRequest wanted, list_request(request, context));
  wanted.after = request.marker.value_or("");
  CLARY_TRY(const objects::ListPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list(wanted); },
                S3Access::store_error));
  api::ListObjects::Reply reply;
  set_list_frame(reply, request, page);
  reply.name = request.bucket;
  reply.marker = shown(wanted.after, request);
  reply.max_keys = static_cast<std::int64_t>(wanted.max_keys);
  // Without a delimiter the last key is the next marker, and S3 leaves it to the client.
  if (page.truncated && request.delimiter) reply.next_marker = shown(page.next_after, request);
  if (!page.objects.empty()) reply.contents = shown_objects(page, request, owner_of(context));
  return reply;
}

Outcome<api::ListObjectsV2::Reply> S3Lists::list(const api::ListObjectsV2::Request& request,
                                                 const CallContext& context) {
  CLARY_TRY(objects::ListRequest wanted, list_request(request, context));
  wanted.after = request.start_after.value_or("");
  if (request.continuation_token) {
    std::optional<std::string> after = read_continuation_token(*request.continuation_token);
    if (!after)
      return ServiceError("InvalidArgument", "The continuation token provided is incorrect");
    wanted.after = std::move(*after);
  }
  CLARY_TRY(const objects::ListPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list(wanted); },
                S3Access::store_error));
  api::ListObjectsV2::Reply reply;
  set_list_frame(reply, request, page);
  reply.name = request.bucket;
  reply.start_after = shown(request.start_after, request);
  reply.max_keys = static_cast<std::int64_t>(wanted.max_keys);
  reply.key_count = static_cast<std::int64_t>(page.objects.size() + page.common_prefixes.size());
  reply.continuation_token = request.continuation_token;
  if (page.truncated) reply.next_continuation_token = continuation_token(page.next_after);
  const bool with_owner = request.fetch_owner.value_or(false);
  if (!page.objects.empty()) {
    reply.contents =
        shown_objects(page, request, with_owner ? std::optional(owner_of(context)) : std::nullopt);
  }
  return reply;
}

Outcome<api::ListObjectVersions::Reply> S3Lists::versions(
    const api::ListObjectVersions::Request& request, const CallContext& context) {
  CLARY_TRY(objects::ListRequest wanted, list_request(request, context));
  wanted.after = request.key_marker.value_or("");
  wanted.after_id = request.version_id_marker.value_or("");
  if (!wanted.after_id.empty() && wanted.after.empty()) {
    return ServiceError("InvalidArgument",
                        "A version-id marker cannot be specified without a key marker.");
  }
  CLARY_TRY(const objects::ListPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list_versions(wanted); },
                S3Access::store_error));
  api::ListObjectVersions::Reply reply;
  set_list_frame(reply, request, page);
  reply.name = request.bucket;
  reply.key_marker = shown(wanted.after, request);
  reply.version_id_marker = wanted.after_id;
  reply.max_keys = static_cast<std::int64_t>(wanted.max_keys);
  if (page.truncated) {
    reply.next_key_marker = shown(page.next_after, request);
    if (!page.next_after_id.empty()) reply.next_version_id_marker = page.next_after_id;
  }
  for (const ObjectHead& head : page.objects) {
    if (head.delete_marker) {
      if (!reply.delete_markers) reply.delete_markers.emplace();
      reply.delete_markers->push_back({owner_of(context), shown(*head.key, request),
                                       head.version_id, head.latest, head.last_modified});
      continue;
    }
    if (!reply.versions) reply.versions.emplace();
    api::s3::ObjectVersion& version =
        reply.versions->emplace_back(shown_object<api::s3::ObjectVersion>(head, request));
    version.version_id = head.version_id;
    version.is_latest = head.latest;
    version.owner = owner_of(context);
  }
  return reply;
}

}  // namespace clary::services
