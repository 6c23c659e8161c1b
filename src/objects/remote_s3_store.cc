#include "objects/remote_s3_store.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "objects/body_digests.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

bool succeeded(const net::ClientReply& reply) { return reply.status / 100 == 2; }

// "bytes 0-4/9": the range; the whole size goes to the head.
Result<ByteRange> read_content_range(std::string_view field, ObjectHead& head) {
  const std::size_t dash = field.find('-');
  const std::size_t slash = field.find('/');
  const std::size_t space = field.find(' ');
  const auto number = [&](std::size_t from, std::size_t to) {
    return parse_int(field.substr(from, to - from)).value_or(-1);
  };
  if (dash == std::string_view::npos || slash == std::string_view::npos ||
      space == std::string_view::npos || number(slash + 1, field.size()) < 0) {
    return internal_error("S3 reply: Content-Range '" + std::string(field) + "'");
  }
  head.size_bytes = static_cast<std::uint64_t>(number(slash + 1, field.size()));
  return ByteRange{static_cast<std::uint64_t>(number(space + 1, dash)),
                   static_cast<std::uint64_t>(number(dash + 1, slash))};
}

// Of an object that is read by a part: how many there are is all that is told.
std::vector<ObjectPart> counted_parts(const net::Headers& headers) {
  const std::int64_t count = parse_int(headers.get("x-amz-mp-parts-count")).value_or(0);
  std::vector<ObjectPart> parts;
  for (int number = 1; number <= std::min<std::int64_t>(count, kMaxParts); ++number)
    parts.push_back({.number = number});
  return parts;
}

}  // namespace

RemoteS3Store::RemoteS3Store(std::unique_ptr<S3Transport> transport, const Clock& clock,
                             RemoteOptions options)
    : transport_(std::move(transport)), clock_(clock), options_(std::move(options)) {}

Result<std::unique_ptr<ObjectStore>> open_remote_store(RemoteAccess access, const Clock& clock) {
  CLARY_TRY(std::unique_ptr<S3Transport> transport,
            make_signing_transport(access.endpoint, access.region, std::move(access.credentials),
                                   clock, std::move(access.reached)));
  transport = make_retrying_transport(std::move(transport), clock, sleeping_waiter(), access.retry);
  return std::unique_ptr<ObjectStore>(
      std::make_unique<RemoteS3Store>(std::move(transport), clock, std::move(access.bodies)));
}

Error RemoteS3Store::absent(const BucketName& bucket, const ObjectKey& key) {
  if (key.empty()) return bucket_absent(bucket);
  // The answer to HEAD has no body that would say which of the two it is. Whoever may not ask for
  // the bucket knows that it is there.
  const auto asked = transport_->send({.method = "HEAD", .target = s3_target(bucket)});
  const bool is_absent = asked.ok() && asked->status == 404;
  return is_absent ? bucket_absent(bucket) : key_absent(bucket, key);
}

Result<net::ClientReply> RemoteS3Store::call(const S3Request& request, const BucketName& bucket,
                                             const ObjectKey& key) {
  const std::string context = object_context(bucket, request.method, key);
  Result<net::ClientReply> reply = transport_->send(request);
  if (!reply.ok()) return reply.error().within(context);
  if (succeeded(*reply)) return reply;
  return failure(*reply, bucket, key, request.method);
}

Error RemoteS3Store::failure(const net::ClientReply& reply, const BucketName& bucket,
                             const ObjectKey& key, std::string_view method) {
  const std::string context = object_context(bucket, method, key);
  const Error error = s3_error(reply);
  if (error.code != ErrorCode::kNotFound) return error.within(context);
  const std::string code = read_error_body(reply.body).code;
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
  const S3Request request{
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
  Bucket bucket{name, {}, Region(std::string(reply.headers.get("x-amz-bucket-region")))};
  CLARY_TRY(const net::ClientReply versions,
            call({.method = "GET", .target = s3_target(name, "", {{"versioning", ""}})}, name, {}));
  const Result<std::string> status = read_element(versions.body, "Status");
  if (status.ok()) {
    bucket.versioning = *status == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended;
  }
  return bucket;
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

Result<ObjectHead> RemoteS3Store::head(const BucketName& bucket, const ObjectKey& key,
                                       const std::string& version) {
  CLARY_TRY(const Described described, describe(bucket, key, {.version = version}));
  return described.head;
}

QueryFields RemoteS3Store::version_query(const std::string& version) {
  return version.empty() ? QueryFields{} : QueryFields{{"versionId", version}};
}

Result<RemoteS3Store::Described> RemoteS3Store::describe(const BucketName& bucket,
                                                         const ObjectKey& key,
                                                         const ReadRequest& read) {
  QueryFields query = version_query(read.version);
  if (read.part) query.emplace_back("partNumber", std::to_string(*read.part));
  S3Request request{.method = "HEAD", .target = s3_target(bucket, *key, query)};
  request.headers.add("x-amz-checksum-mode", "ENABLED");
  Result<net::ClientReply> reply = transport_->send(request);
  // S3 refuses to describe a delete marker, and says that it is one.
  if (reply.ok() && reply->status == 405 && reply->headers.get("x-amz-delete-marker") == "true") {
    Described out{read_object_headers(key, reply->headers), std::nullopt};
    out.head.delete_marker = true;
    out.head.version_id = read.version;
    return out;
  }
  if (!reply.ok()) return reply.error().within(object_context(bucket, "HEAD", key));
  if (!succeeded(*reply)) return failure(*reply, bucket, key, request.method);
  Described out{read_object_headers(key, reply->headers), std::nullopt};
  if (const std::string* range = reply->headers.find("content-range")) {
    CLARY_TRY(out.range, read_content_range(*range, out.head));
  }
  if (read.part) out.head.parts = counted_parts(reply->headers);
  const std::string_view tags = reply->headers.get("x-amz-tagging-count");
  if (!tags.empty() && tags != "0") {
    CLARY_TRY(out.head.tags, get_tags(bucket, key, read.version));
  }
  return out;
}

// Fetches one range after another, each bound to the ETag that head() saw.
class RemoteS3Store::Source final : public net::ByteSource {
 public:
  Source(RemoteS3Store& store, BucketName bucket, const ObjectHead& head, std::string version,
         ByteRange range)
      : store_(store),
        bucket_(std::move(bucket)),
        key_(head.key),
        version_(std::move(version)),
        etag_(head.etag),
        offset_(range.first),
        left_(head.size_bytes == 0 ? 0 : range.last - range.first + 1) {
    if (left_ == head.size_bytes && head.checksum && !head.checksum->composite) {
      PutRequest expectation;
      expectation.expected_checksum = head.checksum;
      digests_.emplace(expectation, DigestsFor::kRequest);
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
    S3Request request{.method = "GET",
                      .target = s3_target(bucket_, *key_, version_query(version_))};
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
  std::string version_;
  std::string etag_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::optional<BodyDigests> digests_;
  std::string buffer_;
  std::size_t taken_ = 0;
};

Result<ObjectBody> RemoteS3Store::get(const BucketName& bucket, const ObjectKey& key,
                                      const ReadRequest& read) {
  CLARY_TRY(Described described, describe(bucket, key, read));
  ObjectBody body{std::move(described.head), nullptr, 0, described.range};
  if (body.head.delete_marker) return body;
  if (read.range) {
    CLARY_TRY(body.range, resolve_read(read, body.head));
  }
  body.length = body.range ? body.range->last - body.range->first + 1 : body.head.size_bytes;
  const ByteRange whole{0, body.head.size_bytes == 0 ? 0 : body.head.size_bytes - 1};
  body.bytes =
      std::make_unique<Source>(*this, bucket, body.head, read.version, body.range.value_or(whole));
  return body;
}

}  // namespace clary::objects
