#include "objects/remote_s3_store.h"

#include <algorithm>
#include <utility>

#include "objects/body_digests.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

constexpr std::size_t kPageLimit = 1000;

bool succeeded(const net::ClientReply& reply) { return reply.status / 100 == 2; }

}  // namespace

RemoteS3Store::RemoteS3Store(std::unique_ptr<S3Transport> transport, const Clock& clock,
                             RemoteOptions options)
    : transport_(std::move(transport)), clock_(clock), options_(options) {}

Result<std::unique_ptr<ObjectStore>> open_remote_store(const std::string& endpoint,
                                                       const Region& region,
                                                       S3CredentialSource credentials,
                                                       const Clock& clock, RetryPolicy retry,
                                                       net::ClientOptions client) {
  CLARY_TRY(
      std::unique_ptr<S3Transport> transport,
      make_signing_transport(endpoint, region, std::move(credentials), clock, std::move(client)));
  transport = make_retrying_transport(std::move(transport), clock, sleeping_waiter(), retry);
  return std::unique_ptr<ObjectStore>(std::make_unique<RemoteS3Store>(std::move(transport), clock));
}

Error RemoteS3Store::absent(const BucketName& bucket, const ObjectKey& key) {
  // The answer to HEAD has no body that would say which of the two it is.
  if (key.empty() || !find_bucket(bucket).ok()) return bucket_absent(bucket);
  return key_absent(bucket, key);
}

Result<net::ClientReply> RemoteS3Store::call(const net::ClientRequest& request,
                                             const BucketName& bucket, const ObjectKey& key) {
  const std::string context = object_context(bucket, request.method, key);
  Result<net::ClientReply> reply = transport_->send(request);
  if (!reply.ok()) return reply.error().within(context);
  if (succeeded(*reply)) return reply;
  const Error error = s3_error(*reply);
  if (error.code != ErrorCode::kNotFound) return error.within(context);
  const std::string code = read_error_body(reply->body).code;
  if (code == "NoSuchUpload") return error.within(context);
  if (code == "NoSuchBucket") return bucket_absent(bucket);
  if (code == "NoSuchKey") return key_absent(bucket, key);
  return absent(bucket, key);
}

// ---- buckets ----

Status RemoteS3Store::create_bucket(const Bucket& bucket) {
  // S3 answers 200 to making one's own bucket again in us-east-1.
  if (find_bucket(bucket.name).ok())
    return already_exists("bucket '" + *bucket.name + "': there already");
  const net::ClientRequest request{
      .method = "PUT", .target = s3_target(bucket.name), .body = create_bucket_body(bucket.region)};
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply, call(request, bucket.name, {}));
  return {};
}

Status RemoteS3Store::remove_bucket(const BucketName& name) {
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply,
            call({.method = "DELETE", .target = s3_target(name)}, name, {}));
  return {};
}

Result<Bucket> RemoteS3Store::find_bucket(const BucketName& name) {
  CLARY_TRY(const net::ClientReply reply,
            call({.method = "HEAD", .target = s3_target(name)}, name, {}));
  return Bucket{name, {}, Region(std::string(reply.headers.get("x-amz-bucket-region")))};
}

Result<std::vector<Bucket>> RemoteS3Store::list_buckets() {
  CLARY_TRY(const net::ClientReply reply, transport_->send({.method = "GET", .target = "/"}));
  if (!succeeded(reply)) return s3_error(reply).within("list buckets");
  return read_buckets_reply(reply.body);
}

Result<std::uint64_t> RemoteS3Store::change_counter(const BucketName& bucket) {
  return unsupported("bucket '" + *bucket + "': a remote S3 does not count changes");
}

// ---- reading ----

Result<ObjectHead> RemoteS3Store::head(const BucketName& bucket, const ObjectKey& key) {
  net::ClientRequest request{.method = "HEAD", .target = s3_target(bucket, *key)};
  request.headers.add("x-amz-checksum-mode", "ENABLED");
  CLARY_TRY(const net::ClientReply reply, call(request, bucket, key));
  return read_object_headers(key, reply.headers);
}

// Fetches one range after another, each bound to the ETag that head() saw.
class RemoteS3Store::Source final : public net::ByteSource {
 public:
  Source(RemoteS3Store& store, BucketName bucket, const ObjectHead& head, std::uint64_t offset,
         std::uint64_t length)
      : store_(store),
        bucket_(std::move(bucket)),
        key_(head.key),
        etag_(head.etag),
        offset_(offset),
        left_(length) {
    if (length == head.size_bytes && head.checksum && !head.checksum->composite) {
      PutRequest expectation;
      expectation.expected_checksum = head.checksum;
      digests_.emplace(expectation);
    }
  }

  Result<std::size_t> read(std::span<char> into) override {
    if (taken_ == buffer_.size() && left_ > 0) CLARY_RETURN_IF_ERROR(fetch());
    const std::size_t count =
        std::string_view(buffer_).substr(taken_).copy(into.data(), into.size());
    taken_ += count;
    return count;
  }

 private:
  Status fetch() {
    const std::uint64_t wanted = std::min(left_, store_.options_.range_bytes);
    net::ClientRequest request{.method = "GET", .target = s3_target(bucket_, *key_)};
    request.headers.add(
        "Range", "bytes=" + std::to_string(offset_) + "-" + std::to_string(offset_ + wanted - 1));
    request.headers.add("If-Match", '"' + etag_ + '"');
    CLARY_TRY(net::ClientReply reply, store_.call(request, bucket_, key_));
    if (reply.body.size() != wanted) {
      return internal_error(object_context(bucket_, "get", key_) + ": got " +
                            std::to_string(reply.body.size()) + " bytes of a range of " +
                            std::to_string(wanted));
    }
    buffer_ = std::move(reply.body);
    taken_ = 0;
    offset_ += wanted;
    left_ -= wanted;
    if (!digests_) return {};
    digests_->update(buffer_);
    if (left_ > 0) return {};
    const Result<BodySums> sums = digests_->finish();
    return sums.ok()
               ? Status()
               : internal_error(object_context(bucket_, "get", key_) + ": " + sums.error().message);
  }

  RemoteS3Store& store_;
  BucketName bucket_;
  ObjectKey key_;
  std::string etag_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::optional<BodyDigests> digests_;
  std::string buffer_;
  std::size_t taken_ = 0;
};

Result<ObjectBody> RemoteS3Store::get(const BucketName& bucket, const ObjectKey& key,
                                      std::optional<RangeRequest> range) {
  CLARY_TRY(ObjectHead found, head(bucket, key));
  ObjectBody body{std::move(found), nullptr, 0, std::nullopt};
  body.length = body.head.size_bytes;
  if (range) {
    CLARY_TRY(body.range, resolve_range(*range, body.head.size_bytes));
    body.length = body.range->last - body.range->first + 1;
  }
  body.bytes = std::make_unique<Source>(*this, bucket, body.head,
                                        body.range ? body.range->first : 0, body.length);
  return body;
}

Result<ListPage> RemoteS3Store::list(const ListRequest& request) {
  ListPage out;
  std::string after = request.after;
  std::size_t left = request.max_keys;
  while (left > 0) {
    QueryFields query = {{"list-type", "2"}, {"encoding-type", "url"}};
    query.emplace_back("max-keys", std::to_string(std::min(left, kPageLimit)));
    if (!request.prefix.empty()) query.emplace_back("prefix", request.prefix);
    if (!request.delimiter.empty()) query.emplace_back("delimiter", request.delimiter);
    if (!after.empty()) query.emplace_back("start-after", after);
    CLARY_TRY(const net::ClientReply reply,
              call({.method = "GET", .target = s3_target(request.bucket, "", query)},
                   request.bucket, {}));
    CLARY_TRY(ListPage page, read_list_reply(reply.body));
    const std::size_t count = page.objects.size() + page.common_prefixes.size();
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(out.objects));
    std::move(page.common_prefixes.begin(), page.common_prefixes.end(),
              std::back_inserter(out.common_prefixes));
    out.truncated = page.truncated;
    out.next_after = after = page.next_after;
    left -= std::min(left, count);
    if (!page.truncated || count == 0) break;
  }
  if (!out.truncated) out.next_after.clear();
  return out;
}

Status RemoteS3Store::remove(const BucketName& bucket, const ObjectKey& key) {
  CLARY_TRY([[maybe_unused]] const net::ClientReply reply,
            call({.method = "DELETE", .target = s3_target(bucket, *key)}, bucket, key));
  return {};
}

}  // namespace clary::objects
