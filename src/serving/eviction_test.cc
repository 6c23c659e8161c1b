// Who makes room.
#include "serving/eviction.h"

#include <gtest/gtest.h>

namespace clary::serving {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

HeldModel held(const char* name, std::uint64_t bytes, int used, bool can_go = true) {
  return {.name = name, .bytes = bytes, .last_used = seconds(used), .can_go = can_go};
}

TEST(Eviction, NobodyGoesWhereThereIsRoom) {
  EXPECT_EQ(choose_evictions({}, 100, 100), Names());
  const std::vector<HeldModel> models = {held("a", 40, 1), held("b", 40, 2)};
  EXPECT_EQ(choose_evictions(models, 20, 100), Names());
}

TEST(Eviction, TheLongestUnusedGoesFirst) {
  const std::vector<HeldModel> models = {held("new", 30, 9), held("old", 30, 1),
                                         held("mid", 30, 5)};
  EXPECT_EQ(choose_evictions(models, 30, 100), Names{"old"});
  EXPECT_EQ(choose_evictions(models, 60, 100), (Names{"old", "mid"}));
  EXPECT_EQ(choose_evictions(models, 100, 100), (Names{"old", "mid", "new"}));
}

TEST(Eviction, NoMoreGoThanAreNeeded) {
  const std::vector<HeldModel> models = {held("small", 5, 1), held("large", 80, 2)};
  EXPECT_EQ(choose_evictions(models, 90, 100), Names{"large"});
}

TEST(Eviction, WhatIsPinnedOrAtWorkStays) {
  const std::vector<HeldModel> models = {held("pinned", 60, 1, false), held("b", 30, 2)};
  EXPECT_EQ(choose_evictions(models, 40, 100), Names{"b"});
  EXPECT_EQ(choose_evictions(models, 41, 100), std::nullopt);
}

TEST(Eviction, WhatIsLargerThanEverythingHasNoRoom) {
  EXPECT_EQ(choose_evictions({}, 101, 100), std::nullopt);
}

TEST(Eviction, EachWorkerHasItsOwnWeights) {
  EXPECT_GE(expected_bytes(100 << 20, 2), 200U << 20);
  EXPECT_GT(expected_bytes(0, 1), 0U);
}

}  // namespace
}  // namespace clary::serving
