// What calls that are answered later are told of their endpoints, and what ends at the server's
// end.
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "hosting/endpoint_fixture.h"
#include "hosting/live_endpoints.h"

namespace clary::hosting {
namespace {

class LiveAsyncTest : public testing::Test {
 protected:
  static std::shared_ptr<FakeInstanceLink> link() {
    return std::make_shared<FakeInstanceLink>(
        [](const net::ClientRequest&) -> Result<net::ClientReply> { return net::ClientReply{}; });
  }
  static std::shared_ptr<LiveInstance> instance(std::shared_ptr<InstanceLink> to) {
    std::vector<LiveContainer> containers(1);
    containers[0].link = std::move(to);
    return std::make_shared<LiveInstance>(std::move(containers));
  }
  static LiveEndpoint endpoint() {
    LiveEndpoint one{.name = EndpointName("E"), .id = "id"};
    one.status = domain::EndpointStatus::kInService;
    one.async = std::make_shared<const domain::AsyncInference>(
        domain::AsyncInference{.output_uri = "s3://b/out"});
    LiveVariant shadow{.name = "s", .shadow = true};
    shadow.instances = {instance(link())};
    LiveVariant open{.name = "v", .role = "arn:role"};
    open.instances = {instance(link()), instance(link())};
    one.variants = {shadow, open};
    return one;
  }
  void serve(LiveEndpoint one) {
    live_.replace(std::make_shared<const LiveTable>(LiveTable{{"e", std::move(one)}}));
  }
  Result<AsyncRules> rules() { return live_.async_rules(EndpointName("e")); }

  ManualClock clock_;
  EndpointMetrics metrics_;
  LiveEndpoints live_{clock_, metrics_, [] { return 0.0; }};
};

TEST_F(LiveAsyncTest, AnEndpointSaysWhereAnswersGoAndHowManyItTakes) {
  serve(endpoint());
  const auto found = rules();
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->endpoint, EndpointName("E")) << "as it was created";
  EXPECT_EQ(found->endpoint_id, "id");
  EXPECT_EQ(found->rules.output_uri, "s3://b/out");
  EXPECT_EQ(found->variant, "v") << "a shadow answers nobody";
  EXPECT_EQ(found->role, "arn:role");
  EXPECT_EQ(found->instances, 2);
  const auto all = live_.all_async_rules();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].endpoint_id, "id");
}

TEST_F(LiveAsyncTest, WhatTakesNoneSaysWhy) {
  EXPECT_EQ(rules().error().code, ErrorCode::kUnavailable) << "nobody has looked yet";
  EXPECT_TRUE(live_.all_async_rules().empty());
  live_.replace(std::make_shared<const LiveTable>());
  EXPECT_EQ(rules().error().code, ErrorCode::kNotFound);
  LiveEndpoint one = endpoint();
  one.async = nullptr;
  serve(one);
  EXPECT_EQ(rules().error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(rules().error().message.find("has no AsyncInferenceConfig"), std::string::npos);
  EXPECT_TRUE(live_.all_async_rules().empty());
  one = endpoint();
  one.status = domain::EndpointStatus::kCreating;
  serve(one);
  EXPECT_NE(rules().error().message.find("while it is Creating"), std::string::npos);
  EXPECT_TRUE(live_.all_async_rules().empty());
}

TEST_F(LiveAsyncTest, AtTheEndCallsOfEarlierInstancesEndToo) {
  const auto now = link();
  const auto before = link();
  const auto drained = instance(before);
  LiveEndpoint one = endpoint();
  one.variants[1].instances = {drained};
  serve(one);
  one.variants[1].instances = {instance(now)};
  serve(one);
  live_.abort();
  EXPECT_TRUE(now->aborted());
  EXPECT_TRUE(before->aborted());
}

}  // namespace
}  // namespace clary::hosting
