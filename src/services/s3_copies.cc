#include "services/s3_copies.h"

#include <array>
#include <utility>

#include "base/text_encoding.h"
#include "objects/store_rules.h"
#include "services/s3_checksums.h"
#include "services/s3_metadata.h"
#include "services/s3_object_tags.h"
#include "services/s3_rules.h"
#include "services/s3_uploads.h"

namespace clary::services {
namespace {

using objects::ObjectBody;
using objects::ObjectHead;
using objects::ObjectWriter;

constexpr std::uint64_t kLargestSourceBytes = 5ULL << 30;
constexpr int kMostCopies = 5;  // of a source that is replaced under way, before giving up

// "bytes=first-last", nothing else.
Outcome<std::optional<objects::RangeRequest>> source_range(
    const std::optional<std::string>& field) {
  if (!field) return std::optional<objects::RangeRequest>();
  const std::optional<objects::RangeRequest> range = parse_range(*field);
  if (range && range->first && range->last) return range;
  return ServiceError(
      "InvalidArgument",
      "The x-amz-copy-source-range value must be of the form bytes=first-last where "
      "first and last are the zero-based offsets of the first and last bytes to "
      "copy");
}

// Whether the copy would change nothing.
bool is_idle(const api::CopyObject::Request& request, const CopySource& source) {
  const auto replaces = [](const std::optional<std::string>& directive) {
    return directive && *directive == "REPLACE";
  };
  return source.bucket == request.bucket && source.key == request.key && source.version.empty() &&
         !replaces(request.metadata_directive) && !replaces(request.tagging_directive) &&
         !request.server_side_encryption && !request.storage_class && !request.checksum_algorithm;
}

// The source's metadata or the request's, as the directive says; encryption is the request's.
Outcome<objects::ObjectMetadata> copied_metadata(const api::CopyObject::Request& request,
                                                 const ObjectHead& source) {
  CLARY_TRY(objects::ObjectMetadata named, metadata_of(request));
  if (request.metadata_directive == "REPLACE") return named;
  objects::ObjectMetadata out = source.metadata;
  if (!named.server_side_encryption.empty()) {
    out.server_side_encryption = named.server_side_encryption;
    out.kms_key_id = named.kms_key_id;
  }
  return out;
}

}  // namespace

Outcome<CopySource> read_copy_source(std::string_view field) {
  const ServiceError malformed(
      "InvalidArgument",
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  constexpr std::string_view kVersion = "?versionId=";
  CopySource out;
  if (const std::size_t at = field.rfind(kVersion); at != std::string_view::npos) {
    const Result<std::string> version = percent_decode(field.substr(at + kVersion.size()));
    if (!version.ok() || version->empty()) return malformed;
    out.version = *version;
    field = field.substr(0, at);
  }
  const Result<std::string> path = percent_decode(field);
  if (!path.ok()) return malformed;
  const std::string_view name =
      path->starts_with('/') ? std::string_view(*path).substr(1) : std::string_view(*path);
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == name.size()) return malformed;
  out.bucket = name.substr(0, slash);
  out.key = name.substr(slash + 1);
  return out;
}

void S3Copies::add_to(Router& router) {
  router.add<api::CopyObject>(*this, &S3Copies::copy);
  router.add<api::UploadPartCopy>(*this, &S3Copies::copy_part);
}

template <typename Request>
Outcome<ObjectBody> S3Copies::open_source(const Request& request, const CopySource& source,
                                          const std::optional<objects::RangeRequest>& range,
                                          const CallContext& context) const {
  if (auto denied = S3Access::check_owner(request.expected_source_bucket_owner, context))
    return *denied;
  if (auto refused = check_object_key(source.key)) return *refused;
  const BucketName bucket(source.bucket);
  const ObjectKey key(source.key);
  const objects::ReadRequest read{.version = source.version, .range = range};
  CLARY_TRY(ObjectBody body,
            access_.on_bucket(
                source.bucket, context, [&] { return access_.store().get(bucket, key, read); },
                [&](const Error& error) -> ServiceError {
                  if (error.code == ErrorCode::kLimitExceeded)
                    return {"InvalidArgument",
                            "Range specified is not valid for the source object"};
                  return access_.explain_read(error, bucket, key, source.version);
                }));
  if (body.head.delete_marker) {
    return ServiceError("InvalidRequest",
                        "The source of a copy request may not specifically refer to a delete "
                        "marker by version id.");
  }
  // S3 answers 412 here, also where a GET would say "not modified".
  const ReadConditions conditions{request.copy_source_if_match, request.copy_source_if_none_match,
                                  request.copy_source_if_modified_since,
                                  request.copy_source_if_unmodified_since};
  if (evaluate(conditions, body.head) != ConditionOutcome::kHolds)
    return S3Access::precondition_failed();
  if (body.length > kLargestSourceBytes) {
    return ServiceError("InvalidRequest",
                        "The specified copy source is larger than the maximum allowable size for a "
                        "copy source: 5368709120");
  }
  return body;
}

Outcome<api::CopyObject::Reply> S3Copies::copy(const api::CopyObject::Request& request,
                                               const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_object_key(request.key)) return *refused;
  CLARY_TRY(const CopySource source, read_copy_source(request.copy_source));
  if (is_idle(request, source)) {
    return ServiceError(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes.");
  }
  for (int attempt = 0; attempt < kMostCopies; ++attempt) {
    CLARY_TRY(auto reply, copy_once(request, source, context));
    if (reply) return *std::move(reply);
  }
  return ServiceError("OperationAborted",
                      "A conflicting conditional operation is currently in progress against this "
                      "resource. Please try again.",
                      409);
}

Outcome<std::optional<api::CopyObject::Reply>> S3Copies::copy_once(
    const api::CopyObject::Request& request, const CopySource& source,
    const CallContext& context) const {
  CLARY_TRY(const ObjectBody body, open_source(request, source, std::nullopt, context));
  objects::PutRequest put{.bucket = BucketName(request.bucket), .key = ObjectKey(request.key)};
  CLARY_TRY(put.metadata, copied_metadata(request, body.head));
  CLARY_TRY(put.condition, put_condition(request.if_match, request.if_none_match));
  put.tags = body.head.tags;
  if (request.tagging_directive == "REPLACE") {
    CLARY_TRY(put.tags, read_tagging_header(request.tagging));
  }
  put.compute_checksum = body.head.checksum ? body.head.checksum->kind : DigestKind::kCrc64Nvme;
  if (request.checksum_algorithm) put.compute_checksum = checksum_kind(*request.checksum_algorithm);
  const objects::CopyRequest shared{.from_bucket = BucketName(source.bucket),
                                    .from_key = ObjectKey(source.key),
                                    .from_version = source.version,
                                    .from_etag = body.head.etag,
                                    .to = std::move(put)};
  bool replaced = false;
  Outcome<ObjectHead> copied = access_.on_bucket(
      request.bucket, context, [&] { return access_.store().copy(shared); },
      [&replaced](const Error& error) {
        replaced = objects::is_changed_source(error);
        return S3Access::explain_write(error);
      });
  if (replaced) return std::optional<api::CopyObject::Reply>();
  CLARY_TRY(const ObjectHead head, std::move(copied));
  std::optional<api::CopyObject::Reply> made(std::in_place);
  api::CopyObject::Reply& reply = *made;
  api::s3::CopyObjectResult& result = reply.copy_object_result.emplace();
  result.etag = quoted_etag(head.etag);
  result.last_modified = head.last_modified;
  set_checksum(result, head.checksum);
  set_version(reply, head);
  reply.expiration = access_.expiration(request.bucket, head);
  if (!body.head.version_id.empty()) reply.copy_source_version_id = body.head.version_id;
  set_encryption(reply, head.metadata);
  return made;
}

Outcome<api::UploadPartCopy::Reply> S3Copies::copy_part(const api::UploadPartCopy::Request& request,
                                                        const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_upload_part_number(request.part_number)) return *refused;
  CLARY_TRY(const CopySource source, read_copy_source(request.copy_source));
  CLARY_TRY(const std::optional<objects::RangeRequest> range,
            source_range(request.copy_source_range));
  CLARY_TRY(const ObjectBody body, open_source(request, source, range, context));
  if (range && body.range && body.range->last != *range->last) {
    return ServiceError("InvalidArgument",
                        "Range specified is not valid for source object of size: " +
                            std::to_string(body.head.size_bytes));
  }
  const objects::PutRequest put{.bucket = BucketName(request.bucket),
                                .key = ObjectKey(request.key),
                                .announced_bytes = body.length};
  CLARY_TRY(const std::unique_ptr<ObjectWriter> writer,
            access_.on_bucket(
                request.bucket, context,
                [&] {
                  return access_.store().put_part(put, objects::UploadId(request.upload_id),
                                                  static_cast<int>(request.part_number));
                },
                explain_upload_error));
  const Result<ObjectHead> head = objects::pour(*body.bytes, *writer);
  if (!head.ok()) return explain_upload_error(head.error());
  api::UploadPartCopy::Reply reply;
  api::s3::CopyPartResult& result = reply.copy_part_result.emplace();
  result.etag = quoted_etag(head->etag);
  result.last_modified = head->last_modified;
  set_checksum_value(result, head->checksum);
  if (!body.head.version_id.empty()) reply.copy_source_version_id = body.head.version_id;
  set_encryption(reply, head->metadata);
  return reply;
}

}  // namespace clary::services
