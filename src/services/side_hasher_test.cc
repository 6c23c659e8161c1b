#include "services/side_hasher.h"

#include <gtest/gtest.h>

#include "base/text_encoding.h"

namespace clary::services {
namespace {

std::string hash_in_pieces(ThreadPool& pool, const std::string& bytes, std::size_t piece) {
  SideHasher hasher(pool);
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    hasher.start(std::string_view(bytes).substr(i, piece));
    hasher.join();
  }
  return hasher.finish();
}

TEST(SideHasher, AgreesWithTheDigestWhateverThePieces) {
  ThreadPool pool("hash", 2, 16);
  std::string bytes(1'000'003, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  for (const std::size_t piece : {1000U, 40'000U, 262'144U}) {
    EXPECT_EQ(hash_in_pieces(pool, bytes, piece), hex_encode(sha256(bytes))) << piece;
  }
}

TEST(SideHasher, ABusyPoolOnlyMeansHashingHere) {
  ThreadPool pool("hash", 1, 0);
  EXPECT_EQ(hash_in_pieces(pool, std::string(100'000, 'a'), 50'000),
            hex_encode(sha256(std::string(100'000, 'a'))));
}

}  // namespace
}  // namespace clary::services
