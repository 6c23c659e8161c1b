#include "objects/channel_path.h"

#include <gtest/gtest.h>

namespace clary::objects {
namespace {

struct Case {
  const char* prefix;
  const char* key;
  const char* path;
};
class ChannelPath : public testing::TestWithParam<Case> {};

TEST_P(ChannelPath, TakesThePrefixsFolderOff) {
  EXPECT_EQ(channel_path(GetParam().prefix, GetParam().key).value(), GetParam().path);
}
INSTANTIATE_TEST_SUITE_P(
    Contract, ChannelPath,
    testing::Values(Case{"p/train", "p/train/x/y.csv", "x/y.csv"},
                    Case{"p/train/", "p/train/x/y.csv", "x/y.csv"},
                    Case{"p/train", "p/train_2/b", "train_2/b"},
                    Case{"train", "train_2/b", "train_2/b"}, Case{"", "a/b", "a/b"},
                    Case{"p/one.csv", "p/one.csv", "one.csv"},
                    Case{"one.csv", "one.csv", "one.csv"}, Case{"p/", "p/", ""},
                    Case{"p/", "p/d/", ""},
                    Case{"x/train.csv/train.csv", "x/train.csv/train.csv", "train.csv"}));

TEST(ChannelPathRefuses, KeysThatLeaveTheChannel) {
  for (const char* key : {"p/../x", "p/a//b", "p/./a", "p//a"})
    EXPECT_FALSE(channel_path("p/", key).ok()) << key;
}

}  // namespace
}  // namespace clary::objects
