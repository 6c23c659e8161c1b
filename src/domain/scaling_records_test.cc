#include "domain/scaling_records.h"

#include <gtest/gtest.h>

#include "domain/fake_record_store.h"

namespace clary::domain {
namespace {

constexpr const char* kResource = "endpoint/E/variant/v";
constexpr TimePoint kBegin{std::chrono::seconds(1'700'000'000)};

TEST(ScaledVariantOf, TakesOneFormAlone) {
  const auto found = scaled_variant_of(kResource);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->endpoint, EndpointName("E"));
  EXPECT_EQ(found->variant, "v");
  for (const char* wrong : {"", "endpoint/E", "endpoint//variant/v", "endpoint/E/variant/",
                            "endpoint/E/variant/v/w", "service/E/variant/v", "endpoint/E/model/v"})
    EXPECT_EQ(scaled_variant_of(wrong), std::nullopt) << wrong;
}

class ScalingRecordsTest : public testing::Test {
 protected:
  static ScalableTarget target(const std::string& resource = kResource) {
    return {.resource = resource,
            .arn = "arn:t",
            .role = "arn:role",
            .minimum = 2,
            .maximum = 7,
            .in_suspended = true,
            .out_suspended = false,
            .created = kBegin};
  }
  static ScalingPolicy policy(const std::string& name, const std::string& resource = kResource) {
    ScalingPolicy made{.name = name, .resource = resource, .arn = "arn:p", .request = "{}"};
    made.tracking = {.value = 70.5,
                     .metric = {.space = "AWS/SageMaker",
                                .name = "InvocationsPerInstance",
                                .dimensions = {{"EndpointName", "E"}, {"VariantName", "v"}},
                                .statistic = "Sum",
                                .unit = "None",
                                .zero_when_absent = true},
                     .out_cooldown_seconds = 10,
                     .in_cooldown_seconds = 20,
                     .never_in = true};
    made.created = kBegin;
    made.modified = kBegin + Duration(1);
    return made;
  }
  static ScalingActivity activity(int number, const std::string& resource = kResource) {
    return {.id = std::to_string(number),
            .resource = resource,
            .from = 1,
            .to = 2,
            .cause = "load",
            .begun = kBegin + std::chrono::seconds(number)};
  }
  std::string ids(const ScalingRecords::ActivityPage& page) {
    std::string out;
    for (const ScalingActivity& each : page.activities) out += each.id + ' ';
    return out;
  }

  FakeRecordStore store_;
  ScalingRecords records_{store_};
};

TEST_F(ScalingRecordsTest, ATargetIsReadAsItWasWritten) {
  EXPECT_EQ(records_.find_target(kResource).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(records_.put_target(target()).ok());
  EXPECT_EQ(records_.find_target(kResource).value(), target());
  EXPECT_EQ(records_.targets().value(), std::vector{target()});
}

TEST_F(ScalingRecordsTest, APolicyNeedsATarget) {
  EXPECT_EQ(records_.put_policy(policy("p")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(records_.put_target(target()).ok());
  ASSERT_TRUE(records_.put_policy(policy("p")).ok());
  EXPECT_EQ(records_.find_policy(kResource, "p").value(), policy("p"));
  EXPECT_EQ(records_.find_policy(kResource, "q").error().code, ErrorCode::kNotFound);
}

TEST_F(ScalingRecordsTest, ATargetTakesItsOwnPoliciesWithIt) {
  const std::string longer = std::string(kResource) + "2";
  for (const std::string& resource : {std::string(kResource), longer}) {
    ASSERT_TRUE(records_.put_target(target(resource)).ok());
    ASSERT_TRUE(records_.put_policy(policy("p", resource)).ok());
    ASSERT_TRUE(records_.put_memory({.resource = resource, .running = activity(1)}).ok());
  }
  EXPECT_EQ(records_.policies("").value().size(), 2U);
  EXPECT_EQ(records_.policies(kResource).value().size(), 1U);
  ASSERT_TRUE(records_.remove_target(kResource, "it went", kBegin).ok());
  EXPECT_EQ(records_.policies("").value(), std::vector{policy("p", longer)});
  EXPECT_FALSE(records_.memory(kResource).value().running.has_value());
  EXPECT_TRUE(records_.memory(longer).value().running.has_value());
  EXPECT_EQ(records_.remove_target(kResource, "", kBegin).error().code, ErrorCode::kNotFound);
  const ScalingActivity ended = records_.activities("", "", 9).value().activities.at(0);
  EXPECT_EQ(ended.outcome, ScalingOutcome::kUnfulfilled);
  EXPECT_EQ(ended.failure, "it went");
  EXPECT_EQ(ended.ended, kBegin);
}

TEST_F(ScalingRecordsTest, APolicyIsRemovedOnce) {
  ASSERT_TRUE(records_.put_target(target()).ok());
  ASSERT_TRUE(records_.put_policy(policy("p")).ok());
  EXPECT_TRUE(records_.remove_policy(kResource, "p").ok());
  EXPECT_EQ(records_.remove_policy(kResource, "p").error().code, ErrorCode::kNotFound);
}

TEST_F(ScalingRecordsTest, WhatIsRememberedIsOfTargetsThatAreThere) {
  ScalingMemory memory{.resource = kResource, .running = activity(3)};
  memory.last_out = ScalingMemory::Change{.at = kBegin, .from = 1, .to = 4};
  memory.last_in = ScalingMemory::Change{.at = kBegin + Duration(5), .from = 4, .to = 3};
  ASSERT_TRUE(records_.put_memory(memory).ok());
  EXPECT_EQ(records_.memory(kResource).value(), ScalingMemory{.resource = kResource});
  ASSERT_TRUE(records_.put_target(target()).ok());
  ASSERT_TRUE(records_.put_memory(memory).ok());
  EXPECT_EQ(records_.memory(kResource).value(), memory);
}

TEST_F(ScalingRecordsTest, ActivitiesComeTheNewestFirstPageByPage) {
  for (const int number : {2, 1, 3, 4}) ASSERT_TRUE(records_.put_activity(activity(number)).ok());
  ASSERT_TRUE(records_.put_activity(activity(5, "endpoint/F/variant/v")).ok());
  const auto first = records_.activities(kResource, "", 3).value();
  EXPECT_EQ(ids(first), "4 3 2 ");
  const auto second = records_.activities(kResource, first.next, 3).value();
  EXPECT_EQ(ids(second), "1 ");
  EXPECT_EQ(second.next, "");
  EXPECT_EQ(ids(records_.activities("", "", 9).value()), "5 4 3 2 1 ");
  EXPECT_EQ(records_.activities(kResource, "", 4).value().next, "") << "nothing follows";
}

TEST_F(ScalingRecordsTest, AnActivityIsReplacedWhenItEnds) {
  ScalingActivity one = activity(1);
  ASSERT_TRUE(records_.put_activity(one).ok());
  one.outcome = ScalingOutcome::kFailed;
  one.failure = "boom";
  one.ended = kBegin + std::chrono::seconds(9);
  ASSERT_TRUE(records_.put_activity(one).ok());
  EXPECT_EQ(records_.activities("", "", 9).value().activities, std::vector{one});
  ASSERT_TRUE(records_.remove_activity(one).ok());
  EXPECT_EQ(ids(records_.activities("", "", 9).value()), "");
}

TEST_F(ScalingRecordsTest, OldActivitiesAreForgotten) {
  for (const int number : {1, 2, 3}) ASSERT_TRUE(records_.put_activity(activity(number)).ok());
  ASSERT_TRUE(records_.forget_activities(kBegin + std::chrono::seconds(2)).ok());
  EXPECT_EQ(ids(records_.activities("", "", 9).value()), "3 2 ");
}

}  // namespace
}  // namespace clary::domain
