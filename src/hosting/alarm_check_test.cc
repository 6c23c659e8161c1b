#include "hosting/alarm_check.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace clary::hosting {
namespace {

constexpr TimePoint kLater{std::chrono::seconds(1000)};
constexpr auto kNoSample = std::nullopt;

class CheckAlarmTest : public testing::Test {
 protected:
  std::string stands(const std::vector<std::optional<double>>& values) {
    state_ = check_alarm(alarm_, state_, values, kLater - std::chrono::seconds(60), kLater);
    return state_.value;
  }

  domain::Alarm alarm_{.name = "a", .periods = 3, .datapoints = 2, .threshold = 10};
  domain::AlarmState state_{.name = "a"};
};

TEST_F(CheckAlarmTest, ItGoesOffWhenEnoughPeriodsBreach) {
  EXPECT_EQ(stands({11, 9, 10}), "OK");
  EXPECT_EQ(stands({11, 9, 12}), "ALARM");
  EXPECT_EQ(state_.last, 12);
  EXPECT_EQ(state_.since, kLater);
  EXPECT_EQ(state_.reason,
            "Threshold Crossed: 2 of the last 3 periods were GreaterThanThreshold 10.");
}

TEST_F(CheckAlarmTest, EachComparisonIsMade) {
  alarm_.datapoints = 1;
  const auto off_at = [this](const char* comparison) {
    alarm_.comparison = comparison;
    std::string out;
    for (const double value : {9, 10, 11}) out += stands({value}) == "ALARM" ? '1' : '0';
    return out;
  };
  EXPECT_EQ(off_at("GreaterThanThreshold"), "001");
  EXPECT_EQ(off_at("GreaterThanOrEqualToThreshold"), "011");
  EXPECT_EQ(off_at("LessThanThreshold"), "100");
  EXPECT_EQ(off_at("LessThanOrEqualToThreshold"), "110");
}

TEST_F(CheckAlarmTest, PeriodsWithoutASampleCountAsItSays) {
  EXPECT_EQ(stands({kNoSample, kNoSample, kNoSample}), "INSUFFICIENT_DATA");
  EXPECT_EQ(stands({11, kNoSample, 11}), "ALARM");
  alarm_.missing = "ignore";
  EXPECT_EQ(stands({kNoSample, kNoSample, kNoSample}), "ALARM") << "as it was";
  alarm_.missing = "notBreaching";
  EXPECT_EQ(stands({11, kNoSample, kNoSample}), "OK");
  alarm_.missing = "breaching";
  EXPECT_EQ(stands({1, kNoSample, kNoSample}), "ALARM");
  EXPECT_EQ(state_.last, 1);
}

TEST(StepCount, TakesTheStepForTheDistance) {
  const domain::StepRule rule{.steps = {{.upper = -5, .adjustment = -2},
                                        {.lower = -5, .upper = 0, .adjustment = -1},
                                        {.lower = 0, .upper = 10, .adjustment = 1},
                                        {.lower = 10, .adjustment = 3}}};
  EXPECT_EQ(step_count(rule, 5, 0), 6);
  EXPECT_EQ(step_count(rule, 5, 9.9), 6);
  EXPECT_EQ(step_count(rule, 5, 10), 8);
  EXPECT_EQ(step_count(rule, 5, -4.9), 4);
  EXPECT_EQ(step_count(rule, 5, -5), 3);
  EXPECT_EQ(step_count(rule, 5, -100), 3);
  EXPECT_EQ(step_count({.steps = {{.lower = 1, .adjustment = 1}}}, 5, 0.5), std::nullopt);
}

TEST(StepCount, IsANumberOrAPercentage) {
  const auto percent = [](int adjustment, int current, int least = 0) {
    return step_count({.kind = "PercentChangeInCapacity",
                       .steps = {{.adjustment = adjustment}},
                       .least_change = least},
                      current, 1);
  };
  EXPECT_EQ(percent(25, 10), 12);
  EXPECT_EQ(percent(10, 4), 5);
  EXPECT_EQ(percent(-10, 4), 3);
  EXPECT_EQ(percent(-67, 10), 4);
  EXPECT_EQ(percent(10, 10, 3), 13);
  EXPECT_EQ(percent(-10, 10, 3), 7);
  EXPECT_EQ(step_count({.kind = "ExactCapacity", .steps = {{.adjustment = 7}}}, 3, 0), 7);
}

}  // namespace
}  // namespace clary::hosting
