// S3Objects::list: ListObjectsV2.
#include <algorithm>
#include <utility>

#include "base/text_encoding.h"
#include "services/s3_checksums.h"
#include "services/s3_objects.h"
#include "services/s3_rules.h"

namespace clary::services {
namespace {

constexpr std::int64_t kPageLimit = 1000;

using Request = api::ListObjectsV2::Request;
using Reply = api::ListObjectsV2::Reply;

Outcome<objects::ListRequest> list_request(const Request& request) {
  if (request.encoding_type && *request.encoding_type != "url") {
    return ServiceError("InvalidArgument", "Invalid Encoding Method specified in Request");
  }
  const std::int64_t max_keys = request.max_keys.value_or(kPageLimit);
  if (max_keys < 0) {
    return ServiceError("InvalidArgument",
                        "Argument maxKeys must be an integer between 0 and 2147483647");
  }
  objects::ListRequest out;
  out.bucket = BucketName(request.bucket);
  out.prefix = request.prefix.value_or("");
  out.delimiter = request.delimiter.value_or("");
  out.max_keys = static_cast<std::size_t>(std::min(max_keys, kPageLimit));
  out.after = request.start_after.value_or("");
  if (request.continuation_token) {
    std::optional<std::string> after = read_continuation_token(*request.continuation_token);
    if (!after)
      return ServiceError("InvalidArgument", "The continuation token provided is incorrect");
    out.after = std::move(*after);
  }
  return out;
}

// How texts with keys in them are written: as asked by encoding-type.
std::string shown(const std::string& text, const Request& request) {
  return request.encoding_type ? percent_encode(text, Slash::kKeep) : text;
}

api::s3::Object shown_object(const objects::ObjectHead& head, const Request& request,
                             const CallContext& context) {
  api::s3::Object out;
  out.key = shown(*head.key, request);
  out.last_modified = head.last_modified;
  out.etag = quoted_etag(head.etag);
  out.size = static_cast<std::int64_t>(head.size_bytes);
  out.storage_class = "STANDARD";
  if (head.checksum) {
    out.checksum_algorithm.emplace().emplace_back(checksum_name(head.checksum->kind));
    out.checksum_type = checksum_type(*head.checksum);
  }
  if (request.fetch_owner.value_or(false))
    out.owner = api::s3::Owner{std::nullopt, context.account.value()};
  return out;
}

}  // namespace

Outcome<Reply> S3Objects::list(const Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  CLARY_TRY(const objects::ListRequest wanted, list_request(request));
  CLARY_TRY(const objects::ListPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list(wanted); },
                S3Access::store_error));
  Reply reply;
  reply.name = request.bucket;
  reply.prefix = shown(wanted.prefix, request);
  if (request.delimiter) reply.delimiter = shown(wanted.delimiter, request);
  if (request.start_after) reply.start_after = shown(*request.start_after, request);
  reply.encoding_type = request.encoding_type;
  reply.max_keys = std::min(request.max_keys.value_or(kPageLimit), kPageLimit);
  reply.key_count = static_cast<std::int64_t>(page.objects.size() + page.common_prefixes.size());
  reply.is_truncated = page.truncated;
  reply.continuation_token = request.continuation_token;
  if (page.truncated) reply.next_continuation_token = continuation_token(page.next_after);
  if (!page.objects.empty()) {
    auto& contents = reply.contents.emplace();
    contents.reserve(page.objects.size());
    for (const objects::ObjectHead& head : page.objects)
      contents.push_back(shown_object(head, request, context));
  }
  if (!page.common_prefixes.empty()) {
    auto& prefixes = reply.common_prefixes.emplace();
    for (const std::string& prefix : page.common_prefixes)
      prefixes.push_back({shown(prefix, request)});
  }
  return reply;
}

}  // namespace clary::services
