// x-amz-checksum-*: between the generated types, which have a member per kind, and
// objects::Checksum. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "objects/object_store.h"
#include "services/router.h"

namespace clary::services {

// "CRC32", ... or "crc32", ...; nothing for what is none.
std::optional<DigestKind> checksum_kind(std::string_view name);
std::string_view checksum_name(DigestKind kind);  // "CRC32", "CRC64NVME"
// Of a header or trailer "x-amz-checksum-crc32".
std::optional<DigestKind> checksum_header_kind(std::string_view header);
std::string checksum_header(DigestKind kind);

// Refuses values that are no base64 of the kind's length. A composite one ("xxxx-3") is allowed
// where parts are joined.
Outcome<objects::Checksum> read_checksum(DigestKind kind, const std::string& value);

// The one checksum among a request's members. InvalidRequest for two, or for one that is malformed.
template <typename Request>
Outcome<std::optional<objects::Checksum>> checksum_of(const Request& request) {
  std::optional<objects::Checksum> found;
  const auto take = [&](DigestKind kind,
                        const std::optional<std::string>& value) -> std::optional<ServiceError> {
    if (!value) return std::nullopt;
    if (found) {
      return ServiceError(
          "InvalidRequest",
          "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    Outcome<objects::Checksum> checksum = read_checksum(kind, *value);
    if (!checksum.ok()) return checksum.error();
    found = std::move(*checksum);
    return std::nullopt;
  };
  if (auto error = take(DigestKind::kCrc32, request.checksum_crc32)) return *error;
  if (auto error = take(DigestKind::kCrc32c, request.checksum_crc32_c)) return *error;
  if (auto error = take(DigestKind::kCrc64Nvme, request.checksum_crc64_nvme)) return *error;
  if (auto error = take(DigestKind::kSha1, request.checksum_sha1)) return *error;
  if (auto error = take(DigestKind::kSha256, request.checksum_sha256)) return *error;
  if (auto error = take(DigestKind::kSha512, request.checksum_sha512)) return *error;
  if (auto error = take(DigestKind::kMd5, request.checksum_md5)) return *error;
  if (auto error = take(DigestKind::kXxHash64, request.checksum_xxhash64)) return *error;
  if (auto error = take(DigestKind::kXxHash3, request.checksum_xxhash3)) return *error;
  if (auto error = take(DigestKind::kXxHash128, request.checksum_xxhash128)) return *error;
  return found;
}

// The value alone, in the member of its kind.
template <typename Reply>
void set_checksum_value(Reply& reply, const std::optional<objects::Checksum>& checksum) {
  if (!checksum) return;
  switch (checksum->kind) {
    case DigestKind::kCrc32:
      reply.checksum_crc32 = checksum->value;
      break;
    case DigestKind::kCrc32c:
      reply.checksum_crc32_c = checksum->value;
      break;
    case DigestKind::kCrc64Nvme:
      reply.checksum_crc64_nvme = checksum->value;
      break;
    case DigestKind::kSha1:
      reply.checksum_sha1 = checksum->value;
      break;
    case DigestKind::kSha256:
      reply.checksum_sha256 = checksum->value;
      break;
    case DigestKind::kSha512:
      reply.checksum_sha512 = checksum->value;
      break;
    case DigestKind::kMd5:
      reply.checksum_md5 = checksum->value;
      break;
    case DigestKind::kXxHash64:
      reply.checksum_xxhash64 = checksum->value;
      break;
    case DigestKind::kXxHash3:
      reply.checksum_xxhash3 = checksum->value;
      break;
    case DigestKind::kXxHash128:
      reply.checksum_xxhash128 = checksum->value;
      break;
  }
}

inline std::string checksum_type(const objects::Checksum& checksum) {
  return checksum.composite ? "COMPOSITE" : "FULL_OBJECT";
}

// The value and its type.
template <typename Reply>
void set_checksum(Reply& reply, const std::optional<objects::Checksum>& checksum) {
  set_checksum_value(reply, checksum);
  if (checksum) reply.checksum_type = checksum_type(*checksum);
}

}  // namespace clary::services
