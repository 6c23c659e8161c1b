#include "hosting/scaling_series.h"

#include <gtest/gtest.h>

#include <chrono>

#include "telemetry/fake_metric_store.h"

namespace clary::hosting {
namespace {

using std::chrono::seconds;

constexpr TimePoint at(int second) { return TimePoint(seconds(second)); }

TEST(LastPeriods, AreWholeAndBeginAtMultiplesOfTheirLength) {
  const PeriodSpan span = last_periods(at(605), at(0), seconds(60), 3);
  EXPECT_EQ(span.start, at(420));
  EXPECT_EQ(span.count, 3U);
}

TEST(LastPeriods, BeginWhenTheyMayOrLater) {
  EXPECT_EQ(last_periods(at(605), at(420), seconds(60), 9).start, at(420));
  EXPECT_EQ(last_periods(at(605), at(421), seconds(60), 9).start, at(480));
  EXPECT_EQ(last_periods(at(605), at(421), seconds(60), 9).count, 2U);
  EXPECT_EQ(last_periods(at(605), at(600), seconds(60), 9).count, 0U);
  EXPECT_EQ(last_periods(at(605), at(5000), seconds(60), 9).count, 0U);
}

class ReadPeriodsTest : public testing::Test {
 protected:
  void measure(int second, double value, const std::string& unit = "None",
               const std::string& variant = "v") {
    ASSERT_TRUE(store_
                    .append({{.series = {.space = "S",
                                         .name = "Load",
                                         .dimensions = {{"Variant", variant}},
                                         .unit = unit},
                              .samples = {{.time = at(second), .value = value}}}},
                            std::nullopt)
                    .ok());
  }
  // "x" where nothing was measured.
  std::string read(const std::string& statistic) {
    metric_.statistic = statistic;
    std::string out;
    const auto values =
        read_periods(store_, metric_, last_periods(at(240), at(60), seconds(60), 9));
    EXPECT_TRUE(values.ok());
    for (const auto& value : *values)
      out += value ? std::to_string(static_cast<int>(*value)) + ' ' : std::string("x ");
    return out;
  }

  telemetry::FakeMetricStore store_;
  domain::ScalingMetric metric_{.space = "S", .name = "Load", .dimensions = {{"Variant", "v"}}};
};

TEST_F(ReadPeriodsTest, EachPeriodHasItsStatistic) {
  measure(59, 100);
  measure(60, 1);
  measure(119, 5);
  measure(180, 7);
  measure(240, 100);
  measure(70, 100, "None", "w");
  EXPECT_EQ(read("Sum"), "6 x 7 ");
  EXPECT_EQ(read("Average"), "3 x 7 ");
  EXPECT_EQ(read("Minimum"), "1 x 7 ");
  EXPECT_EQ(read("Maximum"), "5 x 7 ");
  EXPECT_EQ(read("SampleCount"), "2 x 1 ");
}

TEST_F(ReadPeriodsTest, WhatIsAbsentMayBeZero) {
  measure(60, 2);
  metric_.zero_when_absent = true;
  EXPECT_EQ(read("Sum"), "2 0 0 ");
}

TEST_F(ReadPeriodsTest, WithoutAUnitAllUnitsCount) {
  measure(60, 2, "Count");
  measure(61, -3, "Percent");
  EXPECT_EQ(read("Sum"), "-1 x x ");
  EXPECT_EQ(read("Minimum"), "-3 x x ");
  EXPECT_EQ(read("Maximum"), "2 x x ");
  metric_.unit = "Count";
  EXPECT_EQ(read("Sum"), "2 x x ");
}

}  // namespace
}  // namespace clary::hosting
