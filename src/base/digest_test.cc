#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/crc.h"
#include "base/text_encoding.h"

namespace clary {
namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

// Check values of "123456789": the catalogue of parametrised CRC algorithms (reveng).
TEST(Digest, CrcCheckValues) {
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32, "123456789")), "cbf43926");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32c, "123456789")), "e3069283");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc64Nvme, "123456789")), "ae8b14860a799888");
}

// FIPS 180-2, appendix C.1.
TEST(Digest, Sha512OfAbc) {
  EXPECT_EQ(hex_encode(digest(DigestKind::kSha512, "abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

// As awscrt 0.38 gives them.
TEST(Digest, XxhCheckValues) {
  EXPECT_EQ(hex_encode(digest(DigestKind::kXxHash64, "123456789")), "8cb841db40e6ae83");
  EXPECT_EQ(hex_encode(digest(DigestKind::kXxHash3, "123456789")), "72dcb18b67a17dff");
  EXPECT_EQ(hex_encode(digest(DigestKind::kXxHash128, "123456789")),
            "33119477ede5dcd5e9716427681d5860");
}

TEST(Digest, FoldingAndTablesAgreeAtEveryLength) {
  const std::string bytes = pattern(1200);
  for (std::size_t size = 0; size < 600; ++size) {
    const std::string_view text = std::string_view(bytes).substr(size, size);
    EXPECT_EQ(Crc32::update(Crc32::kInitial, text), Crc32::update_by_tables(Crc32::kInitial, text))
        << size;
    EXPECT_EQ(Crc32c::update(7, text), Crc32c::update_by_tables(7, text)) << size;
    EXPECT_EQ(Crc64Nvme::update(7, text), Crc64Nvme::update_by_tables(7, text)) << size;
  }
}

TEST(Digest, PiecesGiveTheDigestOfTheWhole) {
  const std::string bytes = pattern(100'003);
  for (const DigestKind kind :
       {DigestKind::kMd5, DigestKind::kSha1, DigestKind::kSha256, DigestKind::kSha512,
        DigestKind::kCrc32, DigestKind::kCrc32c, DigestKind::kCrc64Nvme, DigestKind::kXxHash64,
        DigestKind::kXxHash3, DigestKind::kXxHash128}) {
    const auto hasher = make_hasher(kind);
    for (std::size_t at = 0; at < bytes.size(); at += 777) {
      hasher->update(std::string_view(bytes).substr(at, 777));
    }
    EXPECT_EQ(hasher->finish(), digest(kind, bytes));
  }
}

TEST(Digest, CombinedCrcsAreTheCrcOfTheJoinedText) {
  const std::string bytes = pattern(70'001);
  for (const DigestKind kind : {DigestKind::kCrc32, DigestKind::kCrc32c, DigestKind::kCrc64Nvme}) {
    for (const std::size_t cut : {0UL, 1UL, 8UL, 4096UL, 69'999UL, 70'001UL}) {
      const std::string_view first = std::string_view(bytes).substr(0, cut);
      const std::string_view second = std::string_view(bytes).substr(cut);
      EXPECT_EQ(combine_crc(kind, digest(kind, first), digest(kind, second), second.size()),
                digest(kind, bytes))
          << cut;
    }
  }
}

}  // namespace
}  // namespace clary
