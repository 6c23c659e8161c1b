// S3Uploads: ListParts and ListMultipartUploads.
#include <algorithm>
#include <utility>

#include "services/s3_checksums.h"
#include "services/s3_list_texts.h"
#include "services/s3_rules.h"
#include "services/s3_uploads.h"

namespace clary::services {
namespace {

api::s3::Initiator initiator_of(const CallContext& context) {
  api::s3::Initiator out;
  out.id = context.account.value();
  return out;
}

// The checksum's algorithm and type, where the upload named one.
template <typename Reply>
void set_algorithm(Reply& reply, const std::optional<DigestKind>& kind, bool composite) {
  if (!kind) return;
  reply.checksum_algorithm = std::string(checksum_name(*kind));
  reply.checksum_type = composite ? "COMPOSITE" : "FULL_OBJECT";
}

}  // namespace

Outcome<api::ListParts::Reply> S3Uploads::list_parts(const api::ListParts::Request& request,
                                                     const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  objects::PartListRequest wanted{.bucket = BucketName(request.bucket),
                                  .key = ObjectKey(request.key),
                                  .upload = objects::UploadId(request.upload_id)};
  CLARY_TRY(wanted.max_parts, page_size(request.max_parts, "max-parts"));
  wanted.after = static_cast<int>(
      std::clamp<std::int64_t>(request.part_number_marker.value_or(0), 0, objects::kMaxParts));
  CLARY_TRY(const objects::PartPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list_parts(wanted); },
                explain_upload_error));
  api::ListParts::Reply reply;
  reply.bucket = request.bucket;
  reply.key = request.key;
  reply.upload_id = request.upload_id;
  reply.part_number_marker = wanted.after;
  reply.next_part_number_marker = page.parts.empty() ? 0 : page.parts.back().number;
  reply.max_parts = static_cast<std::int64_t>(wanted.max_parts);
  reply.is_truncated = page.truncated;
  reply.owner = owner_of(context);
  reply.initiator = initiator_of(context);
  reply.storage_class = "STANDARD";
  set_algorithm(reply, page.checksum_kind, page.composite_checksum);
  for (const objects::ObjectPart& part : page.parts) {
    if (!reply.parts) reply.parts.emplace();
    api::s3::Part& entry = reply.parts->emplace_back();
    entry.part_number = part.number;
    entry.last_modified = part.last_modified;
    entry.etag = quoted_etag(part.etag);
    entry.size = static_cast<std::int64_t>(part.size_bytes);
    set_checksum_value(entry, part.checksum);
  }
  return reply;
}

Outcome<api::ListMultipartUploads::Reply> S3Uploads::list(
    const api::ListMultipartUploads::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_encoding(request.encoding_type)) return *refused;
  objects::ListRequest wanted;
  wanted.bucket = BucketName(request.bucket);
  wanted.prefix = request.prefix.value_or("");
  wanted.delimiter = request.delimiter.value_or("");
  CLARY_TRY(wanted.max_keys, page_size(request.max_uploads, "max-uploads"));
  wanted.after = request.key_marker.value_or("");
  // S3 ignores an upload's marker that comes without its key's.
  if (!wanted.after.empty()) wanted.after_id = request.upload_id_marker.value_or("");
  CLARY_TRY(const objects::UploadPage page,
            access_.on_bucket(
                request.bucket, context, [&] { return access_.store().list_uploads(wanted); },
                S3Access::store_error));
  api::ListMultipartUploads::Reply reply;
  set_list_frame(reply, request, page);
  reply.bucket = request.bucket;
  reply.key_marker = shown(wanted.after, request);
  reply.upload_id_marker = wanted.after_id;
  reply.max_uploads = static_cast<std::int64_t>(wanted.max_keys);
  if (page.truncated) {
    reply.next_key_marker = shown(page.next_after, request);
    reply.next_upload_id_marker = page.next_after_id;
  }
  for (const objects::PendingUpload& upload : page.uploads) {
    if (!reply.uploads) reply.uploads.emplace();
    api::s3::MultipartUpload& entry = reply.uploads->emplace_back();
    entry.upload_id = upload.id.value();
    entry.key = shown(*upload.key, request);
    entry.initiated = upload.begun;
    entry.storage_class = "STANDARD";
    entry.owner = owner_of(context);
    entry.initiator = initiator_of(context);
    set_algorithm(entry, upload.checksum_kind, upload.composite_checksum);
  }
  return reply;
}

}  // namespace clary::services
