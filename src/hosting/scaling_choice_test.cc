#include "hosting/scaling_choice.h"

#include <gtest/gtest.h>

#include <chrono>

namespace clary::hosting {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow{seconds(1'700'000'000)};
constexpr auto kMissing = std::nullopt;

class ScalingChoiceTest : public testing::Test {
 protected:
  ScalingChoiceTest() { target_.maximum = 10; }

  // A policy with a target of 100 whose metric was as `periods` say.
  MeasuredPolicy& policy(std::vector<std::optional<double>> periods,
                         const std::string& name = "p") {
    MeasuredPolicy& made = policies_.emplace_back();
    made.policy.name = name;
    made.policy.tracking.value = 100;
    made.policy.tracking.metric.name = "Load";
    made.periods = std::move(periods);
    return made;
  }
  static std::vector<std::optional<double>> always(double value, std::size_t count = kPeriodsIn) {
    return std::vector<std::optional<double>>(count, value);
  }
  // 0: it stays as it is.
  int chosen(int current) {
    const auto choice = choose_count(target_, memory_, current, policies_, kNow);
    cause_ = choice ? choice->cause : "";
    return choice ? choice->count : 0;
  }

  domain::ScalableTarget target_;
  domain::ScalingMemory memory_;
  std::vector<MeasuredPolicy> policies_;
  std::string cause_;
};

TEST_F(ScalingChoiceTest, MoreInProportionWhenThreePeriodsLieAbove) {
  policy({10, 150, 250, 200});
  EXPECT_EQ(chosen(2), 4);
  EXPECT_EQ(cause_, "Load was above 100 in 3 periods in a row, 200 on average: triggered policy p");
}

TEST_F(ScalingChoiceTest, NothingWhileTheThreeAreNotTogether) {
  policy({300, 300, 100});
  EXPECT_EQ(chosen(2), 0) << "the target itself is not above it";
  policies_[0].periods = {300, kMissing, 300, 300};
  EXPECT_EQ(chosen(2), 0);
  policies_[0].periods = {300, 300};
  EXPECT_EQ(chosen(2), 0);
}

TEST_F(ScalingChoiceTest, NeverMoreThanTheMaximum) {
  policy(always(1e12));
  EXPECT_EQ(chosen(2), 10);
  EXPECT_EQ(chosen(10), 0);
}

TEST_F(ScalingChoiceTest, FewerWhenFifteenPeriodsLieBelowAsTheBusiestNeeds) {
  policy(always(10)).periods[3] = 60;
  EXPECT_EQ(chosen(5), 3);
  EXPECT_EQ(cause_, "Load was below 90 in 15 periods in a row, 60 at most: triggered policy p");
  policies_[0].periods[3] = 90;
  EXPECT_EQ(chosen(5), 0);
  policies_[0].periods[3] = kMissing;
  EXPECT_EQ(chosen(5), 0);
  policies_[0].periods = always(10, kPeriodsIn - 1);
  EXPECT_EQ(chosen(5), 0);
}

TEST_F(ScalingChoiceTest, NeverFewerThanTheMinimum) {
  target_.minimum = 2;
  policy(always(0));
  EXPECT_EQ(chosen(5), 2);
  EXPECT_EQ(chosen(2), 0);
  policies_[0].periods = always(-1e12);
  EXPECT_EQ(chosen(5), 2);
}

TEST_F(ScalingChoiceTest, OfSeveralPoliciesTheHighestNumberIsTaken) {
  policy(always(150), "a");
  policy(always(300), "b");
  policy(always(1), "c");
  EXPECT_EQ(chosen(2), 6);
  EXPECT_TRUE(cause_.ends_with("policy b")) << cause_;
}

TEST_F(ScalingChoiceTest, FewerOnlyWhenAllAgreeThatMay) {
  policy(always(10), "a");
  policy(always(60), "b");
  EXPECT_EQ(chosen(5), 3);
  policies_[1].periods = always(95);
  EXPECT_EQ(chosen(5), 0) << "b is against it";
  policies_[1].policy.tracking.never_in = true;
  EXPECT_EQ(chosen(5), 1) << "b is not asked";
  policies_[0].policy.tracking.never_in = true;
  EXPECT_EQ(chosen(5), 0);
}

TEST_F(ScalingChoiceTest, WithinACooldownOnlyMoreThanBefore) {
  policy(always(200)).policy.tracking.out_cooldown_seconds = 60;
  memory_.last_out = {.at = kNow - seconds(59), .from = 1, .to = 3};
  EXPECT_EQ(chosen(2), 0) << "two more are no more than two";
  EXPECT_EQ(chosen(3), 6);
  memory_.last_out->at = kNow - seconds(60);
  EXPECT_EQ(chosen(2), 4);
}

TEST_F(ScalingChoiceTest, WithinTheOtherCooldownNothingIsTakenAway) {
  policy(always(10)).policy.tracking.in_cooldown_seconds = 60;
  memory_.last_in = {.at = kNow - seconds(59), .from = 6, .to = 5};
  EXPECT_EQ(chosen(5), 0);
  memory_.last_in->at = kNow - seconds(60);
  EXPECT_EQ(chosen(5), 1);
}

TEST_F(ScalingChoiceTest, WhatIsSuspendedIsNotDone) {
  target_.out_suspended = true;
  policy(always(200));
  EXPECT_EQ(chosen(2), 0);
  policies_[0].periods = always(10);
  EXPECT_EQ(chosen(5), 1);
  target_.in_suspended = true;
  EXPECT_EQ(chosen(5), 0);
  EXPECT_EQ(chosen(11), 0);
  EXPECT_EQ(chosen(0), 0);
}

TEST_F(ScalingChoiceTest, ItIsBroughtWithinItsLimitsOnceItHasAPolicy) {
  target_.minimum = 3;
  EXPECT_EQ(chosen(1), 0);
  policy({});
  EXPECT_EQ(chosen(1), 3);
  EXPECT_EQ(cause_, "minimum capacity was set to 3");
  EXPECT_EQ(chosen(12), 10);
  EXPECT_EQ(cause_, "maximum capacity was set to 10");
  EXPECT_EQ(chosen(5), 0);
}

}  // namespace
}  // namespace clary::hosting
