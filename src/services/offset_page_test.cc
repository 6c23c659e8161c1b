#include "services/offset_page.h"

#include <gtest/gtest.h>

namespace clary::services {
namespace {

// "begin-end next", or "refused".
std::string page(std::size_t count, std::optional<std::string> token, std::int64_t most) {
  const std::optional<OffsetPage> found = offset_page(count, token, most);
  if (!found) return "refused";
  return std::to_string(found->begin) + '-' + std::to_string(found->end) + ' ' +
         found->next.value_or("none");
}

TEST(OffsetPage, EachPageLeadsToTheNext) {
  EXPECT_EQ(page(5, std::nullopt, 2), "0-2 2");
  EXPECT_EQ(page(5, "2", 2), "2-4 4");
  EXPECT_EQ(page(5, "4", 2), "4-5 none");
  EXPECT_EQ(page(4, "2", 2), "2-4 none");
  EXPECT_EQ(page(0, std::nullopt, 2), "0-0 none");
}

TEST(OffsetPage, APlaceBeyondTheEndIsTheEnd) {
  EXPECT_EQ(page(5, "9", 2), "5-5 none");
  EXPECT_EQ(page(5, "9223372036854775807", 2), "5-5 none");
  EXPECT_EQ(page(5, "1", 9'223'372'036'854'775'807), "1-5 none");
}

TEST(OffsetPage, OtherTokensAreRefused) {
  for (const char* token : {"", "-1", "x", "1 ", "9223372036854775808"})
    EXPECT_EQ(page(5, token, 2), "refused") << token;
}

}  // namespace
}  // namespace clary::services
