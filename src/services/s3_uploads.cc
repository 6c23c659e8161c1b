#include "services/s3_uploads.h"

#include <algorithm>
#include <utility>

#include "base/text_encoding.h"
#include "objects/body_digests.h"
#include "services/s3_body.h"
#include "services/s3_checksums.h"
#include "services/s3_metadata.h"
#include "services/s3_object_tags.h"
#include "services/s3_rules.h"

namespace clary::services {
namespace {

using objects::ObjectHead;

// Whether the object's checksum is one of its parts'. CRC64NVME covers the whole, digests cannot.
Outcome<bool> is_composite(DigestKind kind, const std::optional<std::string>& type) {
  const bool whole_only = kind == DigestKind::kCrc64Nvme;
  const bool parts_only = !objects::is_crc(kind);
  const bool composite = type ? *type == "COMPOSITE" : !whole_only;
  if ((composite && whole_only) || (!composite && parts_only)) {
    return ServiceError("InvalidRequest",
                        "The " + std::string(composite ? "COMPOSITE" : "FULL_OBJECT") +
                            " checksum type cannot be used with the " +
                            to_lower(checksum_name(kind)) + " checksum algorithm.");
  }
  return composite;
}

Outcome<std::vector<objects::CompletedPart>> completed_parts(
    const api::CompleteMultipartUpload::Request& request) {
  std::vector<objects::CompletedPart> out;
  if (request.multipart_upload && request.multipart_upload->parts) {
    for (const api::s3::CompletedPart& part : *request.multipart_upload->parts) {
      if (!part.part_number || !part.etag) {
        out.clear();
        break;
      }
      CLARY_TRY(std::optional<objects::Checksum> checksum, checksum_of(part));
      const auto number =
          static_cast<int>(std::clamp<std::int64_t>(*part.part_number, 0, objects::kMaxParts + 1));
      if (!out.empty() && number <= out.back().number) {
        return ServiceError(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.");
      }
      out.push_back({number, plain_etag(*part.etag), std::move(checksum)});
    }
  }
  if (out.empty()) {
    return ServiceError("MalformedXML",
                        "The XML you provided was not well-formed or did not validate against our "
                        "published schema");
  }
  return out;
}

}  // namespace

ServiceError explain_upload_error(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return S3Access::no_such_upload();
  return S3Access::store_error(error);
}

std::optional<ServiceError> check_upload_part_number(std::int64_t number) {
  if (number >= 1 && number <= objects::kMaxParts) return std::nullopt;
  return ServiceError("InvalidArgument",
                      "Part number must be an integer between 1 and 10000, inclusive");
}

void S3Uploads::add_to(Router& router) {
  router.add<api::CreateMultipartUpload>(*this, &S3Uploads::create);
  router.add_writing<api::UploadPart>(*this, &S3Uploads::put_part);
  router.add<api::CompleteMultipartUpload>(*this, &S3Uploads::complete);
  router.add<api::AbortMultipartUpload>(*this, &S3Uploads::abort);
  router.add<api::ListParts>(*this, &S3Uploads::list_parts);
  router.add<api::ListMultipartUploads>(*this, &S3Uploads::list);
}

Outcome<api::CreateMultipartUpload::Reply> S3Uploads::create(
    const api::CreateMultipartUpload::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_object_key(request.key)) return *refused;
  objects::MultipartRequest begin{.bucket = BucketName(request.bucket),
                                  .key = ObjectKey(request.key)};
  CLARY_TRY(begin.metadata, metadata_of(request));
  CLARY_TRY(begin.tags, read_tagging_header(request.tagging));
  if (request.checksum_algorithm) begin.checksum_kind = checksum_kind(*request.checksum_algorithm);
  if (begin.checksum_kind) {
    CLARY_TRY(begin.composite_checksum, is_composite(*begin.checksum_kind, request.checksum_type));
  } else if (request.checksum_type) {
    return ServiceError("InvalidRequest",
                        "The x-amz-checksum-type header can only be used with the "
                        "x-amz-checksum-algorithm header.");
  }
  const bool names_checksum = begin.checksum_kind.has_value();
  if (!names_checksum) {
    // Where the client names none, S3 makes one.
    begin.checksum_kind = DigestKind::kCrc64Nvme;
    begin.composite_checksum = false;
    begin.default_checksum = true;
  }
  CLARY_TRY(const objects::UploadId upload,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().begin_upload(begin); },
                S3Access::store_error));
  api::CreateMultipartUpload::Reply reply;
  reply.bucket = request.bucket;
  reply.key = request.key;
  reply.upload_id = upload.value();
  if (names_checksum) {
    reply.checksum_algorithm = std::string(checksum_name(*begin.checksum_kind));
    reply.checksum_type = begin.composite_checksum ? "COMPOSITE" : "FULL_OBJECT";
  }
  set_encryption(reply, begin.metadata);
  return reply;
}

Outcome<std::unique_ptr<BodySink<api::UploadPart::Reply>>> S3Uploads::put_part(
    const api::UploadPart::Request& request, const BodyFacts& facts, const CallContext& context) {
  using Sink = StoringSink<api::UploadPart::Reply>;
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_upload_part_number(request.part_number)) return *refused;
  objects::PutRequest put{.bucket = BucketName(request.bucket), .key = ObjectKey(request.key)};
  Sink::Parts parts;
  CLARY_TRY(parts.checksum, claim_body(request, facts, put));
  parts.explain = explain_upload_error;
  parts.reply = [](const ObjectHead& head) {
    api::UploadPart::Reply reply;
    reply.etag = quoted_etag(head.etag);
    set_checksum_value(reply, head.checksum);
    set_encryption(reply, head.metadata);
    return reply;
  };
  CLARY_TRY(parts.writer, access_.on_bucket(
                              request.bucket, context,
                              [&] {
                                return access_.store().put_part(
                                    put, objects::UploadId(request.upload_id),
                                    static_cast<int>(request.part_number));
                              },
                              explain_upload_error));
  return std::unique_ptr<BodySink<api::UploadPart::Reply>>(
      std::make_unique<Sink>(std::move(parts)));
}

ServiceError S3Uploads::explain_complete(const objects::CompleteRequest& request,
                                         const Error& error) const {
  switch (error.code) {
    case ErrorCode::kUnsupported:
      return ServiceError("EntityTooSmall",
                          "Your proposed upload is smaller than the minimum allowed size");
    case ErrorCode::kInvalidArgument:
      return ServiceError(request.expected_checksum ? "BadDigest" : "InvalidRequest",
                          error.message);
    case ErrorCode::kConflict: {
      const Result<ObjectHead> present = access_.store().head(request.bucket, request.key);
      const bool absent_wanted = request.condition.only_if_absent && present.ok();
      const bool other =
          request.condition.if_etag && present.ok() && present->etag != *request.condition.if_etag;
      if (absent_wanted || other) return S3Access::precondition_failed();
      return ServiceError("InvalidPart",
                          "One or more of the specified parts could not be found.  The part may "
                          "not have been uploaded, "
                          "or the specified entity tag may not match the part's entity tag.");
    }
    default:
      return explain_upload_error(error);
  }
}

std::optional<ServiceError> S3Uploads::check_checksum_type(const objects::CompleteRequest& request,
                                                           const std::string& type) const {
  const Result<objects::PartPage> page = access_.store().list_parts(
      {.bucket = request.bucket, .key = request.key, .upload = request.upload, .max_parts = 1});
  // Completed before, or not there: completing says which.
  if (!page.ok()) return std::nullopt;
  const std::string own = page->composite_checksum ? "COMPOSITE" : "FULL_OBJECT";
  if (type == own) return std::nullopt;
  return ServiceError("InvalidRequest", "The upload was created using the " + own +
                                            " checksum mode. The complete request must use the "
                                            "same checksum mode.");
}

Outcome<api::CompleteMultipartUpload::Reply> S3Uploads::complete(
    const api::CompleteMultipartUpload::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  objects::CompleteRequest complete{.bucket = BucketName(request.bucket),
                                    .key = ObjectKey(request.key),
                                    .upload = objects::UploadId(request.upload_id)};
  CLARY_TRY(complete.parts, completed_parts(request));
  CLARY_TRY(complete.expected_checksum, checksum_of(request));
  if (request.mpu_object_size)
    complete.expected_size_bytes = static_cast<std::uint64_t>(*request.mpu_object_size);
  CLARY_TRY(complete.condition, put_condition(request.if_match, request.if_none_match));
  if (request.checksum_type) {
    if (auto refused = check_checksum_type(complete, *request.checksum_type)) return *refused;
  }
  CLARY_TRY(const ObjectHead head,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().complete_upload(complete); },
                [&](const Error& error) { return explain_complete(complete, error); }));
  api::CompleteMultipartUpload::Reply reply;
  const std::string host =
      context.head == nullptr ? std::string() : std::string(context.head->headers.get("host"));
  const std::string scheme =
      context.head != nullptr && context.head->origin.secure ? "https://" : "http://";
  reply.location =
      scheme + host + "/" + request.bucket + "/" + percent_encode(request.key, Slash::kKeep);
  reply.bucket = request.bucket;
  reply.key = request.key;
  reply.etag = quoted_etag(head.etag);
  set_checksum(reply, head.checksum);
  set_version(reply, head);
  reply.expiration = access_.expiration(request.bucket, head);
  set_encryption(reply, head.metadata);
  return reply;
}

Outcome<api::AbortMultipartUpload::Reply> S3Uploads::abort(
    const api::AbortMultipartUpload::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  return access_.on_bucket(
      request.bucket, context,
      [&]() -> Result<api::AbortMultipartUpload::Reply> {
        CLARY_RETURN_IF_ERROR(access_.store().abort_upload(BucketName(request.bucket),
                                                           ObjectKey(request.key),
                                                           objects::UploadId(request.upload_id)));
        return api::AbortMultipartUpload::Reply{};
      },
      explain_upload_error);
}

}  // namespace clary::services
