// Every digest that a body on its way in needs, each piece hashed once: MD5 for the ETag, CRC-32C
// for the store's own verification, and what the client expects. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "objects/object_store.h"

namespace clary::objects {

struct BodySums {
  std::uint64_t size_bytes = 0;
  std::string md5;     // raw; empty where it was not made
  std::string crc32c;  // raw; empty where it was not made
  std::optional<Checksum> checksum;
  std::string crc64nvme = {};  // raw; "" unless also_crc64nvme asked for it
};

// A store that keeps the body makes MD5 and CRC-32C always; who sends or reads it makes what the
// request expects or asks for.
enum class DigestsFor { kStore, kRequest };

class BodyDigests {
 public:
  explicit BodyDigests(const PutRequest& request, DigestsFor whom = DigestsFor::kStore);

  void update(std::string_view piece);
  // update() in two halves that take about as long and may run beside each other.
  void update_md5(std::string_view piece);
  void update_others(std::string_view piece);
  void expect_checksum(Checksum checksum);
  std::uint64_t size_bytes() const { return size_bytes_; }

  // InvalidArgument when the bytes are not what was expected; mismatch() then says which
  // expectation. Call once.
  Result<BodySums> finish();
  Mismatch mismatch() const { return mismatch_; }

 private:
  std::optional<std::string> expected_md5_;
  std::optional<std::string> expected_sha256_;
  std::optional<Checksum> expected_checksum_;
  std::optional<DigestKind> checksum_kind_;
  std::uint64_t size_bytes_ = 0;
  std::unique_ptr<Hasher> md5_;  // nothing: not wanted, as the next ones
  std::unique_ptr<Hasher> crc32c_;
  std::unique_ptr<Hasher> sha256_;     // when the payload's hash or a SHA-256 checksum is wanted
  std::unique_ptr<Hasher> checksum_;   // of the kinds that the members above do not make
  std::unique_ptr<Hasher> crc64nvme_;  // beside one of another kind
  Mismatch mismatch_ = Mismatch::kNone;
};

// Every kind of checksum that S3 knows.
inline constexpr std::array kChecksumKinds = {
    DigestKind::kCrc32,   DigestKind::kCrc32c,   DigestKind::kCrc64Nvme, DigestKind::kSha1,
    DigestKind::kSha256,  DigestKind::kSha512,   DigestKind::kMd5,       DigestKind::kXxHash64,
    DigestKind::kXxHash3, DigestKind::kXxHash128};
// "crc32", "crc64nvme", "sha256", "md5", "xxhash128", ...
std::string_view digest_name(DigestKind kind);
// Only a CRC of the whole can be made of the parts'.
bool is_crc(DigestKind kind);

// An object's ETag and checksum out of its parts', and the CRC-32C of their joined bytes.
struct PartSums {
  std::string md5;     // raw
  std::string crc32c;  // raw
  std::uint64_t size_bytes = 0;
  std::optional<Checksum> checksum;
  std::string crc64nvme = {};  // raw; "" unless `checksum` is another than the upload's
};
std::string multipart_etag(const std::vector<PartSums>& parts);
// Nothing where none of that kind was made.
std::optional<Checksum> checksum_of_kind(const PartSums& part, DigestKind kind);
std::string joined_crc32c(const std::vector<PartSums>& parts);
// Nothing when a part lacks a checksum of that kind, or for a whole checksum that is not a CRC.
std::optional<Checksum> multipart_checksum(DigestKind kind, bool composite,
                                           const std::vector<PartSums>& parts);

}  // namespace clary::objects
