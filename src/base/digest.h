// Checksums and message authentication. A Hasher is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace clary {

enum class DigestKind {
  kMd5,
  kSha1,
  kSha256,
  kCrc32,
  kCrc32c,
  kCrc64Nvme,
  kSha512,
  kXxHash64,
  kXxHash3,  // of 64 bits
  kXxHash128
};

// Incremental digest of a stream of bytes.
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual void update(std::string_view bytes) = 0;
  // Raw digest, big-endian for the CRCs and XXHs (the form of x-amz-checksum-* before base64). Call
  // once.
  virtual std::string finish() = 0;
};
std::unique_ptr<Hasher> make_hasher(DigestKind kind);

std::string digest(DigestKind kind, std::string_view bytes);
inline std::string sha256(std::string_view bytes) { return digest(DigestKind::kSha256, bytes); }
inline std::string md5(std::string_view bytes) { return digest(DigestKind::kMd5, bytes); }

// The CRC of two texts joined, from the CRC of each (as Hasher::finish gives them) and the length
// of the second. kind: kCrc32, kCrc32c or kCrc64Nvme.   Cost: O(log second_length).
std::string combine_crc(DigestKind kind, std::string_view first, std::string_view second,
                        std::uint64_t second_length);

// RFC 2104 with SHA-256; 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// RFC 2104 with SHA-1, for signatures of version 2 only; 20 raw bytes.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

// Takes the same time whether and wherever the texts differ; lengths are not secret.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace clary
