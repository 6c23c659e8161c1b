#include "domain/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace clary::domain {
namespace {

TEST(EndpointStatus, IsFoundByItsNameAndSortsByIt) {
  std::string last;
  int rank = 0;
  for (const char* name :
       {"Creating", "Deleting", "Failed", "InService", "RollingBack", "Updating"}) {
    const auto status = endpoint_status_of(name);
    ASSERT_TRUE(status.has_value()) << name;
    EXPECT_EQ(endpoint_status_name(*status), name);
    EXPECT_GT(status_rank(*status), rank) << name << " after " << last;
    rank = status_rank(*status);
    last = name;
  }
  EXPECT_EQ(endpoint_status_of("inservice"), std::nullopt);
  EXPECT_EQ(endpoint_status_of(""), std::nullopt);
}

}  // namespace
}  // namespace clary::domain
