#include "objects/body_digests.h"

#include <utility>

#include "base/text_encoding.h"

namespace clary::objects {

bool is_crc(DigestKind kind) {
  return kind == DigestKind::kCrc32 || kind == DigestKind::kCrc32c ||
         kind == DigestKind::kCrc64Nvme;
}

std::string_view digest_name(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return "md5";
    case DigestKind::kSha1:
      return "sha1";
    case DigestKind::kSha256:
      return "sha256";
    case DigestKind::kSha512:
      return "sha512";
    case DigestKind::kXxHash64:
      return "xxhash64";
    case DigestKind::kXxHash3:
      return "xxhash3";
    case DigestKind::kXxHash128:
      return "xxhash128";
    case DigestKind::kCrc32:
      return "crc32";
    case DigestKind::kCrc32c:
      return "crc32c";
    case DigestKind::kCrc64Nvme:
      return "crc64nvme";
  }
  return "";
}

BodyDigests::BodyDigests(const PutRequest& request, DigestsFor whom)
    : expected_md5_(request.expected_md5),
      expected_sha256_(request.expected_sha256),
      expected_checksum_(request.expected_checksum),
      checksum_kind_(request.expected_checksum ? std::optional(request.expected_checksum->kind)
                                               : request.compute_checksum) {
  const bool all = whom == DigestsFor::kStore;
  if (all || expected_md5_ || checksum_kind_ == DigestKind::kMd5)
    md5_ = make_hasher(DigestKind::kMd5);
  if (all || checksum_kind_ == DigestKind::kCrc32c) crc32c_ = make_hasher(DigestKind::kCrc32c);
  if (expected_sha256_ || checksum_kind_ == DigestKind::kSha256) {
    sha256_ = make_hasher(DigestKind::kSha256);
  }
  if (checksum_kind_ && *checksum_kind_ != DigestKind::kMd5 &&
      *checksum_kind_ != DigestKind::kCrc32c && *checksum_kind_ != DigestKind::kSha256) {
    checksum_ = make_hasher(*checksum_kind_);
  }
  if (request.also_crc64nvme) crc64nvme_ = make_hasher(DigestKind::kCrc64Nvme);
}

void BodyDigests::update(std::string_view piece) {
  update_md5(piece);
  update_others(piece);
}

void BodyDigests::update_md5(std::string_view piece) {
  if (md5_ != nullptr) md5_->update(piece);
}

void BodyDigests::update_others(std::string_view piece) {
  size_bytes_ += piece.size();
  for (Hasher* hasher : {crc32c_.get(), sha256_.get(), checksum_.get(), crc64nvme_.get()})
    if (hasher != nullptr) hasher->update(piece);
}

void BodyDigests::expect_checksum(Checksum checksum) { expected_checksum_ = std::move(checksum); }

Result<BodySums> BodyDigests::finish() {
  const auto end = [](Hasher* hasher) { return hasher == nullptr ? "" : hasher->finish(); };
  BodySums sums{size_bytes_, end(md5_.get()), end(crc32c_.get()), std::nullopt};
  sums.crc64nvme = end(crc64nvme_.get());
  const std::string sha256 = end(sha256_.get());
  if (expected_md5_ && *expected_md5_ != sums.md5) {
    mismatch_ = Mismatch::kContentMd5;
    return invalid_argument("the MD5 of the bytes is " + base64_encode(sums.md5) + ", expected " +
                            base64_encode(*expected_md5_));
  }
  if (expected_sha256_ && *expected_sha256_ != hex_encode(sha256)) {
    mismatch_ = Mismatch::kPayloadSha256;
    return invalid_argument("the SHA-256 of the bytes is " + hex_encode(sha256) + ", expected " +
                            *expected_sha256_);
  }
  if (checksum_kind_) {
    const std::string raw = *checksum_kind_ == DigestKind::kMd5      ? sums.md5
                            : *checksum_kind_ == DigestKind::kCrc32c ? sums.crc32c
                            : *checksum_kind_ == DigestKind::kSha256 ? sha256
                                                                     : checksum_->finish();
    sums.checksum = Checksum{*checksum_kind_, base64_encode(raw), false};
  }
  if (expected_checksum_ && (!sums.checksum || sums.checksum->kind != expected_checksum_->kind ||
                             sums.checksum->value != expected_checksum_->value)) {
    mismatch_ = Mismatch::kChecksum;
    return invalid_argument("the " + std::string(digest_name(expected_checksum_->kind)) +
                            " of the bytes is " +
                            (sums.checksum ? sums.checksum->value : "unknown") + ", expected " +
                            expected_checksum_->value);
  }
  return sums;
}

std::string multipart_etag(const std::vector<PartSums>& parts) {
  std::string all;
  for (const PartSums& part : parts) all += part.md5;
  return hex_encode(md5(all)) + "-" + std::to_string(parts.size());
}

std::string joined_crc32c(const std::vector<PartSums>& parts) {
  std::string whole = digest(DigestKind::kCrc32c, "");
  for (const PartSums& part : parts) {
    whole = combine_crc(DigestKind::kCrc32c, whole, part.crc32c, part.size_bytes);
  }
  return whole;
}

std::optional<Checksum> checksum_of_kind(const PartSums& part, DigestKind kind) {
  if (part.checksum && part.checksum->kind == kind) return part.checksum;
  if (kind != DigestKind::kCrc64Nvme || part.crc64nvme.empty()) return std::nullopt;
  return Checksum{kind, base64_encode(part.crc64nvme), false};
}

std::optional<Checksum> multipart_checksum(DigestKind kind, bool composite,
                                           const std::vector<PartSums>& parts) {
  if (!composite && !is_crc(kind)) return std::nullopt;
  std::string all;
  std::string whole = composite ? std::string() : digest(kind, "");
  for (const PartSums& part : parts) {
    const std::optional<Checksum> checksum = checksum_of_kind(part, kind);
    if (!checksum) return std::nullopt;
    Result<std::string> raw = base64_decode(checksum->value);
    if (!raw.ok()) return std::nullopt;
    if (composite) {
      all += *raw;
    } else {
      whole = combine_crc(kind, whole, *raw, part.size_bytes);
    }
  }
  if (!composite) return Checksum{kind, base64_encode(whole), false};
  return Checksum{kind, base64_encode(digest(kind, all)) + "-" + std::to_string(parts.size()),
                  true};
}

}  // namespace clary::objects
