// RemoteS3Store: what a bucket holds, page by page; versions, removals and tags.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/digest.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "objects/remote_s3_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

constexpr std::size_t kPageLimit = 1000;

// The fields that every list takes, and how this one names its marker.
QueryFields list_query(const ListRequest& request, const char* kind, const char* limit_name,
                       std::size_t limit) {
  QueryFields query = {{kind, ""}, {"encoding-type", "url"}};
  query.emplace_back(limit_name, std::to_string(std::min(limit, kPageLimit)));
  if (!request.prefix.empty()) query.emplace_back("prefix", request.prefix);
  if (!request.delimiter.empty()) query.emplace_back("delimiter", request.delimiter);
  return query;
}

// What the list is to go on after. S3 rolls up anew what follows a common prefix: all that the
// prefix stands for has to be passed by, and no key comes after this one.
std::string start_after(const ListRequest& request, const std::string& after) {
  const std::string& delimiter = request.delimiter;
  if (delimiter.empty() || !after.starts_with(request.prefix)) return after;
  const std::size_t end = after.find(delimiter, request.prefix.size());
  const bool is_common = end != std::string::npos && end + delimiter.size() == after.size();
  return is_common ? after + "\U0010FFFF" : after;
}

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

Status RemoteS3Store::set_versioning(const BucketName& name, Versioning versioning) {
  CLARY_RETURN_IF_ERROR(check_versioning(name, versioning));
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply,
            call({.method = "PUT",
                  .target = s3_target(name, "", {{"versioning", ""}}),
                  .body = versioning_body(versioning)},
                 name, {}));
  return {};
}

Result<ListPage> RemoteS3Store::list(const ListRequest& request) {
  ListPage out;
  std::string after = request.after;
  std::size_t left = request.max_keys;
  while (left > 0) {
    QueryFields query = list_query(request, "list-type", "max-keys", left);
    query.front().second = "2";
    if (!after.empty()) query.emplace_back("start-after", start_after(request, after));
    CLARY_TRY(const net::ClientReply reply,
              call({.method = "GET", .target = s3_target(request.bucket, "", query)},
                   request.bucket, {}));
    CLARY_TRY(ListPage page, read_list_reply(reply.body));
    const std::size_t count = page.objects.size() + page.common_prefixes.size();
    append(out.objects, page.objects);
    append(out.common_prefixes, page.common_prefixes);
    out.truncated = page.truncated;
    out.next_after = after = page.next_after;
    left -= std::min(left, count);
    if (!page.truncated || count == 0) break;
  }
  if (!out.truncated) out.next_after.clear();
  return out;
}

Result<ListPage> RemoteS3Store::list_versions(const ListRequest& request) {
  if (request.max_keys == 0) return ListPage{};
  QueryFields query = list_query(request, "versions", "max-keys", request.max_keys);
  if (!request.after.empty()) query.emplace_back("key-marker", request.after);
  if (!request.after_id.empty()) query.emplace_back("version-id-marker", request.after_id);
  CLARY_TRY(
      const net::ClientReply reply,
      call({.method = "GET", .target = s3_target(request.bucket, "", query)}, request.bucket, {}));
  return read_versions_reply(reply.body);
}

Result<UploadPage> RemoteS3Store::list_uploads(const ListRequest& request) {
  if (request.max_keys == 0) return UploadPage{};
  QueryFields query = list_query(request, "uploads", "max-uploads", request.max_keys);
  if (!request.after.empty()) query.emplace_back("key-marker", request.after);
  if (!request.after_id.empty()) query.emplace_back("upload-id-marker", request.after_id);
  CLARY_TRY(
      const net::ClientReply reply,
      call({.method = "GET", .target = s3_target(request.bucket, "", query)}, request.bucket, {}));
  return read_uploads_reply(reply.body);
}

Result<PartPage> RemoteS3Store::list_parts(const PartListRequest& request) {
  const QueryFields query = {
      {"uploadId", *request.upload},
      {"part-number-marker", std::to_string(request.after)},
      {"max-parts", std::to_string(std::min(request.max_parts, kPageLimit))}};
  CLARY_TRY(const net::ClientReply reply,
            call({.method = "GET", .target = s3_target(request.bucket, *request.key, query)},
                 request.bucket, request.key));
  return read_parts_reply(reply.body);
}

Result<Removed> RemoteS3Store::remove_one(const BucketName& bucket, const Removal& removal) {
  S3Request request{.method = "DELETE",
                    .target = s3_target(bucket, *removal.key, version_query(removal.version))};
  if (removal.if_etag) {
    request.headers.add("If-Match", *removal.if_etag == "*" ? "*" : '"' + *removal.if_etag + '"');
  }
  if (removal.if_size_bytes)
    request.headers.add("x-amz-if-match-size", std::to_string(*removal.if_size_bytes));
  if (removal.if_modified)
    request.headers.add("x-amz-if-match-last-modified-time", http_date(*removal.if_modified));
  CLARY_TRY(const net::ClientReply reply, call(request, bucket, removal.key));
  return Removed{std::string(reply.headers.get("x-amz-version-id")),
                 reply.headers.get("x-amz-delete-marker") == "true"};
}

Result<std::vector<Result<Removed>>> RemoteS3Store::remove(const BucketName& bucket,
                                                           const std::vector<Removal>& removals) {
  std::vector<Result<Removed>> out;
  if (removals.size() == 1) {
    out.push_back(remove_one(bucket, removals.front()));
    const bool whole = !out.front().ok() && out.front().error().code != ErrorCode::kConflict;
    if (whole) return out.front().error();
    return out;
  }
  for (std::size_t at = 0; at < removals.size(); at += kPageLimit) {
    const auto first = removals.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<Removal> batch(
        first, first + static_cast<std::ptrdiff_t>(std::min(kPageLimit, removals.size() - at)));
    S3Request request{.method = "POST",
                      .target = s3_target(bucket, "", {{"delete", ""}}),
                      .body = delete_body(batch)};
    request.headers.add("Content-MD5", base64_encode(md5(request.body)));
    CLARY_TRY(const net::ClientReply reply, call(request, bucket, {}));
    CLARY_TRY(std::vector<Result<Removed>> removed, read_delete_reply(reply.body, batch));
    append(out, removed);
  }
  return out;
}

Result<Tags> RemoteS3Store::get_tags(const BucketName& bucket, const ObjectKey& key,
                                     const std::string& version) {
  QueryFields query = version_query(version);
  query.emplace_back("tagging", "");
  CLARY_TRY(const net::ClientReply reply,
            call({.method = "GET", .target = s3_target(bucket, *key, query)}, bucket, key));
  return read_tagging(reply.body);
}

Result<ObjectHead> RemoteS3Store::set_tags(const BucketName& bucket, const ObjectKey& key,
                                           const std::string& version, const Tags& tags) {
  QueryFields query = version_query(version);
  query.emplace_back("tagging", "");
  S3Request request{
      .method = "PUT", .target = s3_target(bucket, *key, query), .body = tagging_body(tags)};
  request.headers.add("Content-MD5", base64_encode(md5(request.body)));
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply, call(request, bucket, key));
  return head(bucket, key, version);
}

}  // namespace clary::objects
