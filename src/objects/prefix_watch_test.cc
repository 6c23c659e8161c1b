#include "objects/prefix_watch.h"

#include <gtest/gtest.h>

namespace clary::objects {
namespace {

TEST(PrefixWatches, AChangeUnderThePrefixIsSeenAndNoOther) {
  PrefixWatches watches;
  const auto data = watches.add(1, "data/");
  const auto all = watches.add(1, "");
  watches.mark({{2, "data/a"}});
  EXPECT_TRUE(data->clean());
  EXPECT_TRUE(all->clean());
  watches.mark({{1, "dat"}, {1, "output/model.tar.gz"}});
  EXPECT_TRUE(data->clean());
  EXPECT_FALSE(all->clean());
  watches.mark({{1, "data/a"}});
  EXPECT_FALSE(data->clean());
  EXPECT_TRUE(watches.add(1, "data/")->clean());
}

TEST(PrefixWatches, WhatWasNotedIsTakenOnce) {
  PrefixWatches watches;
  watches.note(1, "a");
  watches.note(1, "b");
  EXPECT_EQ(watches.take_noted(), (std::vector<PrefixWatches::Key>{{1, "a"}, {1, "b"}}));
  EXPECT_TRUE(watches.take_noted().empty());
}

}  // namespace
}  // namespace clary::objects
