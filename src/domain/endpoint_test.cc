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

TEST(ServingVariant, IsOneThatServesAndMayBeAShadow) {
  Endpoint endpoint;
  EXPECT_EQ(serving_variant(endpoint, "a"), nullptr);
  endpoint.serving.emplace();
  endpoint.serving->variants.resize(2);
  endpoint.serving->variants[0].asked.name = "a";
  endpoint.serving->variants[0].shadow = true;
  endpoint.serving->variants[1].asked.name = "b";
  EXPECT_EQ(serving_variant(endpoint, "a"), &endpoint.serving->variants[0]);
  EXPECT_EQ(serving_variant(endpoint, "b"), &endpoint.serving->variants[1]);
  EXPECT_EQ(serving_variant(endpoint, "c"), nullptr);
}

TEST(BeginScaling, ForgetsWhatFailedBefore) {
  Endpoint endpoint{.status = EndpointStatus::kInService, .failure_reason = "boom"};
  begin_scaling(endpoint);
  EXPECT_EQ(endpoint.status, EndpointStatus::kUpdating);
  EXPECT_EQ(endpoint.failure_reason, "");
}

}  // namespace
}  // namespace clary::domain
