#include "apps/idle_memory.h"

#include <gtest/gtest.h>

namespace clary::apps {
namespace {

TEST(IdleMemory, IsGivenBackOnceAfterEachBusyTime) {
  std::uint64_t requests = 0;
  int given_back = 0;
  IdleMemory memory([&] { return requests; }, [&] { ++given_back; });
  memory.look();
  memory.look();
  EXPECT_EQ(given_back, 0) << "nothing was asked yet";
  requests = 10;
  memory.look();
  requests = 11;
  memory.look();
  EXPECT_EQ(given_back, 0) << "still busy";
  memory.look();
  memory.look();
  EXPECT_EQ(given_back, 1);
  requests = 12;
  memory.look();
  memory.look();
  EXPECT_EQ(given_back, 2);
}

}  // namespace
}  // namespace clary::apps
