#include "services/s3_checksums.h"

#include <array>
#include <cstddef>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::services {
namespace {

struct KindName {
  DigestKind kind = DigestKind::kCrc32;
  std::string_view name;
  std::size_t bytes = 0;
};
constexpr std::array<KindName, 10> kKinds = {{{DigestKind::kCrc32, "CRC32", 4},
                                              {DigestKind::kCrc32c, "CRC32C", 4},
                                              {DigestKind::kCrc64Nvme, "CRC64NVME", 8},
                                              {DigestKind::kSha1, "SHA1", 20},
                                              {DigestKind::kSha256, "SHA256", 32},
                                              {DigestKind::kSha512, "SHA512", 64},
                                              {DigestKind::kMd5, "MD5", 16},
                                              {DigestKind::kXxHash64, "XXHASH64", 8},
                                              {DigestKind::kXxHash3, "XXHASH3", 8},
                                              {DigestKind::kXxHash128, "XXHASH128", 16}}};
constexpr std::string_view kHeaderPrefix = "x-amz-checksum-";

}  // namespace

std::optional<DigestKind> checksum_kind(std::string_view name) {
  for (const KindName& kind : kKinds) {
    if (equals_ignoring_case(kind.name, name)) return kind.kind;
  }
  return std::nullopt;
}

std::string_view checksum_name(DigestKind kind) {
  for (const KindName& known : kKinds) {
    if (known.kind == kind) return known.name;
  }
  return "";
}

std::optional<DigestKind> checksum_header_kind(std::string_view header) {
  if (!to_lower(header).starts_with(kHeaderPrefix)) return std::nullopt;
  return checksum_kind(header.substr(kHeaderPrefix.size()));
}

std::string checksum_header(DigestKind kind) {
  return std::string(kHeaderPrefix) + to_lower(checksum_name(kind));
}

Outcome<objects::Checksum> read_checksum(DigestKind kind, const std::string& value) {
  const std::size_t dash = value.find('-');
  const bool composite = dash != std::string::npos;
  const Result<std::string> raw = base64_decode(std::string_view(value).substr(0, dash));
  for (const KindName& known : kKinds) {
    if (known.kind == kind && raw.ok() && raw->size() == known.bytes) {
      return objects::Checksum{kind, value, composite};
    }
  }
  return ServiceError("InvalidRequest",
                      "Value for " + checksum_header(kind) + " header is invalid.");
}

}  // namespace clary::services
