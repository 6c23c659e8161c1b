#include "services/s3_objects.h"

#include <utility>

#include "services/s3_body.h"
#include "services/s3_checksums.h"
#include "services/s3_metadata.h"
#include "services/s3_object_tags.h"
#include "services/s3_rules.h"

namespace clary::services {
namespace {

using objects::ObjectBody;
using objects::ObjectHead;

ServiceError not_modified(const ObjectHead& head) {
  ServiceError out("NotModified", "Not Modified", 304);
  out.headers.add("ETag", quoted_etag(head.etag));
  out.headers.add("Last-Modified", http_date(head.last_modified));
  return out;
}

ServiceError invalid_part() {
  return {"InvalidPartNumber", "The requested partnumber is not satisfiable", 416};
}

ServiceError invalid_range(std::uint64_t size_bytes) {
  ServiceError out("InvalidRange", "The requested range is not satisfiable", 416);
  out.headers.add("Content-Range", "bytes */" + std::to_string(size_bytes));
  return out;
}

std::string content_range(const ObjectBody& body) {
  return "bytes " + std::to_string(body.range->first) + "-" + std::to_string(body.range->last) +
         "/" + std::to_string(body.head.size_bytes);
}

// What GetObject and HeadObject say alike.
template <typename Reply, typename Request>
WithBody<Reply> describe(const Request& request, const ObjectBody& body) {
  WithBody<Reply> out;
  out.length = body.length;
  out.status = body.range ? 206 : 200;
  Reply& reply = out.reply;
  set_metadata(reply, body.head.metadata);
  reply.accept_ranges = "bytes";
  reply.last_modified = body.head.last_modified;
  reply.content_length = static_cast<std::int64_t>(body.length);
  reply.etag = quoted_etag(body.head.etag);
  set_version(reply, body.head);
  if (!body.head.tags.empty()) reply.tag_count = static_cast<std::int64_t>(body.head.tags.size());
  if (request.part_number && !body.head.parts.empty())
    reply.parts_count = static_cast<std::int64_t>(body.head.parts.size());
  if (body.range) {
    reply.content_range = content_range(body);
  } else if (request.checksum_mode == "ENABLED") {
    // Never with a range: clients would hold the part against the checksum of the whole.
    set_checksum(reply, body.head.checksum);
  }
  const auto override_with = [](std::optional<std::string>& to,
                                const std::optional<std::string>& with) {
    if (with) to = with;
  };
  override_with(reply.content_type, request.response_content_type);
  override_with(reply.cache_control, request.response_cache_control);
  override_with(reply.content_disposition, request.response_content_disposition);
  override_with(reply.content_encoding, request.response_content_encoding);
  override_with(reply.content_language, request.response_content_language);
  if (request.response_expires) reply.expires = request.response_expires;
  return out;
}

// What a GET or HEAD asks for.
template <typename Request>
Outcome<objects::ReadRequest> read_request(const Request& request) {
  objects::ReadRequest out;
  CLARY_TRY(out.version, version_of(request));
  if (request.range) out.range = parse_range(*request.range);
  if (!request.part_number) return out;
  if (*request.part_number < 1 || *request.part_number > objects::kMaxParts) {
    return ServiceError("InvalidArgument",
                        "Part number must be an integer between 1 and 10000, inclusive");
  }
  if (request.range) {
    return ServiceError("InvalidRequest",
                        "Cannot specify both Range header and partNumber query parameter");
  }
  out.part = static_cast<int>(*request.part_number);
  return out;
}

}  // namespace

void S3Objects::add_to(Router& router) {
  router.add_writing<api::PutObject>(*this, &S3Objects::put);
  router.add_reading<api::GetObject>(*this, &S3Objects::get);
  router.add_reading<api::HeadObject>(*this, &S3Objects::head);
  router.add<api::DeleteObject>(*this, &S3Objects::remove);
  router.add<api::DeleteObjects>(*this, &S3Objects::remove_all);
  router.add<api::GetObjectAttributes>(*this, &S3Objects::attributes);
}

Outcome<std::unique_ptr<BodySink<api::PutObject::Reply>>> S3Objects::put(
    const api::PutObject::Request& request, const BodyFacts& facts, const CallContext& context) {
  using Sink = StoringSink<api::PutObject::Reply>;
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_object_key(request.key)) return *refused;
  objects::PutRequest put{.bucket = BucketName(request.bucket), .key = ObjectKey(request.key)};
  CLARY_TRY(put.metadata, metadata_of(request));
  CLARY_TRY(put.tags, read_tagging_header(request.tagging));
  CLARY_TRY(put.condition, put_condition(request.if_match, request.if_none_match));
  Sink::Parts parts;
  CLARY_TRY(parts.checksum, claim_body(request, facts, put));
  // Where the client names none, S3 makes one.
  if (!parts.checksum.kind) put.compute_checksum = DigestKind::kCrc64Nvme;
  parts.explain = S3Access::explain_write;
  parts.reply = [this, bucket = request.bucket](const ObjectHead& head) {
    api::PutObject::Reply reply;
    reply.expiration = access_.expiration(bucket, head);
    reply.etag = quoted_etag(head.etag);
    set_checksum(reply, head.checksum);
    set_version(reply, head);
    set_encryption(reply, head.metadata);
    return reply;
  };
  CLARY_TRY(parts.writer, access_.on_bucket(
                              request.bucket, context, [&] { return access_.store().put(put); },
                              S3Access::explain_write));
  return std::unique_ptr<BodySink<api::PutObject::Reply>>(std::make_unique<Sink>(std::move(parts)));
}

template <typename Request>
Outcome<ObjectBody> S3Objects::open(const Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_object_key(request.key)) return *refused;
  const BucketName bucket(request.bucket);
  const ObjectKey key(request.key);
  CLARY_TRY(const objects::ReadRequest read, read_request(request));
  const ReadConditions conditions{request.if_match, request.if_none_match,
                                  request.if_modified_since, request.if_unmodified_since};
  const auto check = [&](const ObjectHead& head) -> std::optional<ServiceError> {
    if (head.delete_marker) return S3Access::is_delete_marker(head);
    switch (evaluate(conditions, head)) {
      case ConditionOutcome::kHolds:
        return std::nullopt;
      case ConditionOutcome::kNotModified:
        return not_modified(head);
      case ConditionOutcome::kFailed:
        break;
    }
    return S3Access::precondition_failed();
  };
  Outcome<ObjectBody> body = access_.on_bucket(
      request.bucket, context, [&] { return access_.store().get(bucket, key, read); },
      [&](const Error& error) -> ServiceError {
        const bool outside = error.code == ErrorCode::kLimitExceeded && (read.range || read.part);
        if (!outside) return access_.explain_read(error, bucket, key, read.version);
        const Result<ObjectHead> head = access_.store().head(bucket, key, read.version);
        if (!head.ok()) return access_.explain_read(head.error(), bucket, key, read.version);
        if (const std::optional<ServiceError> failed = check(*head)) return *failed;
        return read.part ? invalid_part() : invalid_range(head->size_bytes);
      });
  if (!body.ok()) return body;
  if (auto failed = check(body->head)) return *failed;
  return body;
}

Outcome<WithBody<api::GetObject::Reply>> S3Objects::get(const api::GetObject::Request& request,
                                                        const CallContext& context) {
  CLARY_TRY(ObjectBody body, open(request, context));
  WithBody<api::GetObject::Reply> out = describe<api::GetObject::Reply>(request, body);
  if (!request.version_id) out.reply.expiration = access_.expiration(request.bucket, body.head);
  out.body = std::move(body.bytes);
  return out;
}

Outcome<WithBody<api::HeadObject::Reply>> S3Objects::head(const api::HeadObject::Request& request,
                                                          const CallContext& context) {
  CLARY_TRY(const ObjectBody body, open(request, context));
  WithBody<api::HeadObject::Reply> out = describe<api::HeadObject::Reply>(request, body);
  if (!request.version_id) out.reply.expiration = access_.expiration(request.bucket, body.head);
  return out;
}

}  // namespace clary::services
