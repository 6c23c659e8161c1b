#include "cli/aws_profile.h"

#include <gtest/gtest.h>

namespace clary::cli {
namespace {

const ProfileLines kLines = {{"region", "r"}, {"endpoint_url", "u"}};

TEST(AwsProfile, ASectionIsAddedAtTheEnd) {
  EXPECT_EQ(with_section("", "clary", kLines), "[clary]\nregion = r\nendpoint_url = u\n");
  EXPECT_EQ(with_section("[default]\nregion = x\n", "clary", {{"a", "b"}}),
            "[default]\nregion = x\n\n[clary]\na = b\n");
  EXPECT_EQ(with_section("[default]\nregion = x", "clary", {{"a", "b"}}),
            "[default]\nregion = x\n\n[clary]\na = b\n");
}

TEST(AwsProfile, AnOldSectionIsReplacedInItsPlace) {
  const std::string text =
      "# mine\n[ profile  clary ]\nold = 1\n  nested = 2\n\n# next\n[other]\nx = y\n";
  EXPECT_EQ(with_section(text, "profile clary", {{"new", "1"}}),
            "# mine\n[profile clary]\nnew = 1\n\n# next\n[other]\nx = y\n");
}

TEST(AwsProfile, ASectionIsTakenAwayAndNothingElse) {
  const std::string text = "[a]\nx = 1\n\n[clary]\ny = 2\n\n# b's\n[b]\nz = 3\n";
  EXPECT_EQ(with_section(text, "clary", {}), "[a]\nx = 1\n\n\n# b's\n[b]\nz = 3\n");
  EXPECT_EQ(with_section("[a]\nx = 1\n", "clary", {}), "[a]\nx = 1\n");
  EXPECT_EQ(with_section("[clary]\nx = 1\n", "clary", {}), "");
}

TEST(AwsProfile, AHeaderMayHaveACommentBehindIt) {
  const std::string text =
      "[profile clary] ; old\na = 1\n[default] # mine\nb = 2\n[other]; x ]\nc = 3\n";
  EXPECT_EQ(with_section(text, "profile clary", {}),
            "[default] # mine\nb = 2\n[other]; x ]\nc = 3\n");
  EXPECT_EQ(with_section(text, "profile clary", {{"n", "1"}}),
            "[profile clary]\nn = 1\n[default] # mine\nb = 2\n[other]; x ]\nc = 3\n");
}

TEST(AwsProfile, WritingTwiceChangesNothing) {
  const std::string once = with_section("[a]\nx = 1\n", "clary", kLines);
  EXPECT_EQ(with_section(once, "clary", kLines), once);
}

}  // namespace
}  // namespace clary::cli
