#include "services/tags.h"

#include <gtest/gtest.h>

#include "domain/fake_endpoint_store.h"
#include "domain/fake_job_store.h"
#include "domain/step.h"

namespace clary::services {
namespace {

const char* const kArn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/j";

class TagsTest : public testing::Test {
 protected:
  TagsTest() {
    domain::Job job{.name = JobName("j"), .arn = Arn(kArn)};
    EXPECT_TRUE(jobs_.create(domain::begin(job, TimePoint()), {}).ok());
  }
  std::string add(const std::vector<api::sagemaker::Tag>& tags, const std::string& arn = kArn) {
    auto reply = tags_.add({.resource_arn = arn, .tags = tags}, {});
    return reply.ok() ? text(*reply->tags) : reply.error().code + ": " + reply.error().message;
  }
  std::string list() {
    auto reply = tags_.list({.resource_arn = kArn}, {});
    return reply.ok() ? text(*reply->tags) : reply.error().code;
  }
  static std::string text(const std::vector<api::sagemaker::Tag>& tags) {
    std::string all;
    for (const api::sagemaker::Tag& tag : tags) all += tag.key + "=" + tag.value + " ";
    return all;
  }

  domain::FakeJobStore jobs_;
  domain::FakeEndpointStore endpoints_;
  Tags tags_{jobs_, endpoints_};
};

TEST_F(TagsTest, AddsReplacesAndRemoves) {
  EXPECT_EQ(list(), "");
  EXPECT_EQ(add({{.key = "a", .value = "1"}, {.key = "b", .value = "2"}}), "a=1 b=2 ");
  EXPECT_EQ(add({{.key = "a", .value = "3"}}), "a=3 b=2 ");
  ASSERT_TRUE(tags_.remove({.resource_arn = kArn, .tag_keys = {"a", "absent"}}, {}).ok());
  EXPECT_EQ(list(), "b=2 ");
}

TEST_F(TagsTest, ListsFiftyAPage) {
  std::vector<domain::Tag> many;
  for (int i = 0; i < 60; ++i) many.push_back({.key = "k" + std::to_string(100 + i), .value = "v"});
  ASSERT_TRUE(jobs_.add_tags(Arn(kArn), many).ok());
  auto first = tags_.list({.resource_arn = kArn}, {});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->tags->size(), 50U);
  auto second = tags_.list({.resource_arn = kArn, .next_token = first->next_token}, {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->tags->size(), 10U);
  EXPECT_EQ(second->tags->front().key, "k150");
  EXPECT_FALSE(second->next_token.has_value());
}

TEST_F(TagsTest, FiftyIsTheMost) {
  std::vector<api::sagemaker::Tag> many;
  for (int i = 0; i < 50; ++i) many.push_back({.key = "k" + std::to_string(i), .value = ""});
  EXPECT_NE(add(many).find("k49="), std::string::npos);
  EXPECT_EQ(add({{.key = "k7", .value = "again"}}).find("ResourceLimitExceeded"),
            std::string::npos);
  EXPECT_EQ(add({{.key = "one more", .value = ""}}).find("ResourceLimitExceeded"), 0U);
}

TEST_F(TagsTest, APriorityIsANumberHereToo) {
  EXPECT_EQ(add({{.key = "clary:priority", .value = "x"}}).find("ValidationException: The tag "),
            0U);
  EXPECT_EQ(list(), "");
  EXPECT_EQ(add({{.key = "clary:priority", .value = "7"}}), "clary:priority=7 ");
}

TEST_F(TagsTest, ModelsConfigurationsAndEndpointsHaveTags) {
  const std::string prefix = "arn:aws:sagemaker:us-east-1:000000000000:";
  ASSERT_TRUE(
      endpoints_.create_model({.name = ModelName("x"), .arn = Arn(prefix + "model/x")}).ok());
  ASSERT_TRUE(endpoints_
                  .create_config(
                      {.name = EndpointConfigName("x"), .arn = Arn(prefix + "endpoint-config/x")})
                  .ok());
  domain::Endpoint endpoint;
  endpoint.name = EndpointName("x");
  endpoint.arn = Arn(prefix + "endpoint/x");
  ASSERT_TRUE(endpoints_.create_endpoint(endpoint).ok());
  for (const char* kind : {"model", "endpoint-config", "endpoint"}) {
    EXPECT_EQ(add({{.key = "of", .value = kind}}, prefix + kind + "/X"),
              std::string("of=") + kind + " ");
  }
}

TEST_F(TagsTest, WhatIsNotThereHasNoTags) {
  EXPECT_EQ(add({}, std::string(kArn) + "-not").find("ValidationException: Could not find"), 0U);
  EXPECT_EQ(add({}, "arn:aws:sagemaker:us-east-1:000000000000:model/j").find("ValidationException"),
            0U);
}

}  // namespace
}  // namespace clary::services
