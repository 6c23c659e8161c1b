#include "objects/store_rules.h"

#include <chrono>
#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::objects {

Error bucket_absent(const BucketName& bucket) {
  return not_found("bucket '" + bucket.value() + "': not there");
}
Error key_absent(const BucketName& bucket, const ObjectKey& key) {
  return not_found("bucket '" + bucket.value() + "': key '" + key.value() + "': not there");
}
Error version_absent(const BucketName& bucket, const ObjectKey& key, const std::string& version) {
  return not_found("bucket '" + bucket.value() + "': key '" + key.value() + "': version '" +
                   version + "': not there");
}
Error upload_absent(const BucketName& bucket, const UploadId& upload) {
  return not_found("bucket '" + bucket.value() + "': upload '" + upload.value() + "': not there");
}
constexpr const char* kQuotaReached = "has reached its quota of ";
constexpr const char* kReplaced = ": it was replaced meanwhile";

Error above_quota(const BucketName& bucket, std::uint64_t quota_bytes) {
  return limit_exceeded("bucket '" + bucket.value() + "' " + kQuotaReached +
                        format_bytes(quota_bytes));
}
bool is_above_quota(const Error& error) {
  return error.code == ErrorCode::kLimitExceeded &&
         error.message.find(kQuotaReached) != std::string::npos;
}
Error changed_source(const CopyRequest& request) {
  return conflict(object_context(request.from_bucket, "copy", request.from_key) + kReplaced);
}
bool is_changed_source(const Error& error) {
  return error.code == ErrorCode::kConflict && error.message.ends_with(kReplaced);
}
std::string object_context(const BucketName& bucket, std::string_view verb, const ObjectKey& key) {
  return "bucket '" + bucket.value() + "': " + std::string(verb) + " '" + key.value() + "'";
}

Status check_key(const BucketName& bucket, const ObjectKey& key) {
  if (!key.empty() && key->size() <= kMaxKeyBytes) return {};
  return invalid_argument(object_context(bucket, "key", key) + ": a key has 1 to 1024 bytes");
}

Status check_part_number(int number) {
  if (number >= 1 && number <= kMaxParts) return {};
  return invalid_argument("part " + std::to_string(number) + ": part numbers are 1 to 10000");
}

Status check_condition(const PutCondition& condition,
                       const std::optional<std::string>& present_etag) {
  if (condition.only_if_absent && present_etag) return conflict("the key is there already");
  if (!condition.if_etag) return {};
  if (!present_etag) return not_found("no object has the wanted ETag: the key is not there");
  if (*present_etag == *condition.if_etag) return {};
  return conflict("the ETag is " + *present_etag + ", wanted " + *condition.if_etag);
}

Status check_removal(const Removal& removal, const std::optional<ObjectHead>& present) {
  if (!removal.if_etag && !removal.if_size_bytes && !removal.if_modified) return {};
  if (!present) return conflict("the object to remove is not there");
  if (removal.if_etag && *removal.if_etag != "*" && *removal.if_etag != present->etag) {
    return conflict("the ETag is " + present->etag + ", wanted " + *removal.if_etag);
  }
  if (removal.if_size_bytes && *removal.if_size_bytes != present->size_bytes) {
    return conflict("the object has " + std::to_string(present->size_bytes) + " bytes, wanted " +
                    std::to_string(*removal.if_size_bytes));
  }
  const auto seconds = [](TimePoint time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  };
  if (removal.if_modified && seconds(*removal.if_modified) != seconds(present->last_modified)) {
    return conflict("the object was modified at another time");
  }
  return {};
}

Status check_versioning(const BucketName& bucket, Versioning wanted) {
  if (wanted != Versioning::kOff) return {};
  return invalid_argument("bucket '" + bucket.value() +
                          "': versioning is enabled or suspended, never off again");
}

void choose_part_checksums(PutRequest& part, const MultipartRequest& upload) {
  const std::optional<DigestKind> brought =
      part.expected_checksum ? std::optional(part.expected_checksum->kind) : part.compute_checksum;
  part.also_crc64nvme = upload.checksum_kind == DigestKind::kCrc64Nvme && brought &&
                        brought != DigestKind::kCrc64Nvme;
  if (!part.compute_checksum) part.compute_checksum = upload.checksum_kind;
}

Result<std::vector<PartSums>> match_parts(const CompleteRequest& request,
                                          const std::vector<std::optional<PartSums>>& stored,
                                          std::uint64_t min_part_bytes) {
  if (request.parts.empty())
    return invalid_argument("an upload is completed with at least one part");
  std::vector<PartSums> out;
  for (std::size_t i = 0; i < request.parts.size(); ++i) {
    const CompletedPart& wanted = request.parts[i];
    const std::string name = "part " + std::to_string(wanted.number);
    if (i > 0 && wanted.number <= request.parts[i - 1].number) {
      return invalid_argument(name + ": the parts are not in ascending order");
    }
    if (!stored[i]) return conflict(name + ": was not uploaded");
    if (hex_encode(stored[i]->md5) != wanted.etag) return conflict(name + ": has another ETag");
    if (wanted.checksum) {
      const auto kept = checksum_of_kind(*stored[i], wanted.checksum->kind);
      if (!kept || kept->value != wanted.checksum->value)
        return conflict(name + ": has another checksum");
    }
    out.push_back(*stored[i]);
  }
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (out[i].size_bytes >= min_part_bytes) continue;
    return unsupported("part " + std::to_string(request.parts[i].number) + ": " +
                       std::to_string(out[i].size_bytes) +
                       " bytes; every part but the last has at least " +
                       std::to_string(min_part_bytes));
  }
  return out;
}

PartPage part_page(const PartListRequest& request, const MultipartRequest& upload,
                   std::vector<ObjectPart> stored) {
  std::erase_if(stored, [&](const ObjectPart& part) { return part.number <= request.after; });
  PartPage page;
  page.checksum_kind = upload.checksum_kind;
  page.composite_checksum = upload.composite_checksum;
  page.truncated = request.max_parts > 0 && stored.size() > request.max_parts;
  if (stored.size() > request.max_parts) stored.resize(request.max_parts);
  page.parts = std::move(stored);
  return page;
}

Result<ObjectHead> joined_head(const CompleteRequest& request, const std::vector<PartSums>& parts,
                               std::optional<DigestKind> checksum_kind, bool composite) {
  ObjectHead head;
  head.key = request.key;
  head.etag = multipart_etag(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    head.size_bytes += parts[i].size_bytes;
    ObjectPart& part = head.parts.emplace_back();
    part.number = request.parts[i].number;
    part.size_bytes = parts[i].size_bytes;
    part.checksum = parts[i].checksum;
    if (!checksum_kind) continue;
    if (auto checksum = checksum_of_kind(parts[i], *checksum_kind))
      part.checksum = std::move(checksum);
  }
  if (request.expected_size_bytes && *request.expected_size_bytes != head.size_bytes) {
    return invalid_argument("the joined parts have " + std::to_string(head.size_bytes) +
                            " bytes, expected " + std::to_string(*request.expected_size_bytes));
  }
  if (checksum_kind) head.checksum = multipart_checksum(*checksum_kind, composite, parts);
  if (const auto& expected = request.expected_checksum) {
    const bool same_kind = head.checksum && head.checksum->kind == expected->kind;
    if (!same_kind || head.checksum->value != expected->value) {
      return invalid_argument(
          "the " + std::string(digest_name(expected->kind)) + " of the joined parts is " +
          (same_kind ? head.checksum->value : "unknown") + ", expected " + expected->value);
    }
  }
  return head;
}

}  // namespace clary::objects
