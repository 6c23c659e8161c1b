#include "archives/beside_sink.h"

#include <gtest/gtest.h>

namespace clary::archives {
namespace {

constexpr std::size_t kLarge = 1 << 20;  // enough for a thread

TEST(BesideSink, TakesEverythingInOrder) {
  std::string taken;
  const BesideSink::Sink sink = [&taken](std::string_view piece) {
    taken += piece;
    return Status();
  };
  const std::string large(kLarge, 'x');
  BesideSink beside(sink);
  for (const std::string& piece : {std::string("few"), large, std::string("more")})
    EXPECT_TRUE(beside.write(piece).ok());
  EXPECT_TRUE(beside.finish().ok());
  EXPECT_TRUE(taken == "few" + large + "more");
}

TEST(BesideSink, AnEmptyPieceIsNotTheEnd) {
  std::string taken;
  const BesideSink::Sink sink = [&taken](std::string_view piece) {
    taken += piece;
    return Status();
  };
  BesideSink beside(sink);
  for (const std::string& piece : {std::string(), std::string(kLarge, 'x'), std::string()})
    EXPECT_TRUE(beside.write(piece).ok());
  EXPECT_TRUE(beside.write("the rest").ok());
  EXPECT_TRUE(beside.finish().ok());
  EXPECT_TRUE(taken.ends_with("the rest"));
}

}  // namespace
}  // namespace clary::archives
