#include "cli/aws_profile.h"

#include <gtest/gtest.h>

namespace clary::cli {
namespace {

const std::string kMark(kMade);
const ProfileLines kLines = {{"region", "r"}, {"endpoint_url", "u"}};

TEST(AwsProfile, ASectionIsAddedAtTheEnd) {
  EXPECT_EQ(with_section("", "clary", kLines),
            "[clary]\n" + kMark + "region = r\nendpoint_url = u\n");
  EXPECT_EQ(with_section("[default]\nregion = x\n", "clary", {{"a", "b"}}),
            "[default]\nregion = x\n\n[clary]\n" + kMark + "a = b\n");
  EXPECT_EQ(with_section("[default]\nregion = x", "clary", {{"a", "b"}}),
            "[default]\nregion = x\n\n[clary]\n" + kMark + "a = b\n");
}

TEST(AwsProfile, AnOldSectionIsReplacedInItsPlace) {
  const std::string text =
      "# mine\n[ profile  clary ]\nold = 1\n  nested = 2\n\n# next\n[other]\nx = y\n";
  EXPECT_EQ(with_section(text, "profile clary", {{"new", "1"}}),
            "# mine\n[profile clary]\n" + kMark + "new = 1\n\n# next\n[other]\nx = y\n");
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
            "[profile clary]\n" + kMark + "n = 1\n[default] # mine\nb = 2\n[other]; x ]\nc = 3\n");
}

TEST(AwsProfile, ASectionOfOthersIsToldFromOurs) {
  EXPECT_FALSE(has_section_of_others("", "clary"));
  EXPECT_FALSE(has_section_of_others("[a]\nx = 1\n", "clary"));
  EXPECT_TRUE(has_section_of_others("[a]\nx = 1\n[ clary ] # mine\ny = 2\n", "clary"));
  EXPECT_TRUE(has_section_of_others("[clary]", "clary"));
  const std::string ours = with_section("[a]\nx = 1\n", "clary", kLines);
  EXPECT_FALSE(has_section_of_others(ours, "clary"));
  EXPECT_TRUE(has_section_of_others(ours + "[clary]\ny = 2\n", "clary"));
  EXPECT_FALSE(has_section_of_others(kMark + "\n[clary]\nx = 1\n", "clary")) << "all of it ours";
  EXPECT_EQ(with_section(ours, "clary", {}), "[a]\nx = 1\n\n") << "the mark goes too";
}

TEST(AwsProfile, WritingTwiceChangesNothing) {
  const std::string once = with_section("[a]\nx = 1\n", "clary", kLines);
  EXPECT_EQ(with_section(once, "clary", kLines), once);
}

}  // namespace
}  // namespace clary::cli
