#include "services/metric_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "telemetry/fake_metric_store.h"

namespace clary::services {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class MetricDataTest : public testing::Test {
 protected:
  static api::MetricDatum datum(const std::string& unit = "") {
    api::MetricDatum datum{.metric_name = "m"};
    if (!unit.empty()) datum.unit = unit;
    return datum;
  }
  static api::MetricDatum value(double value, const std::string& unit = "") {
    api::MetricDatum one = datum(unit);
    one.value = value;
    return one;
  }
  static api::MetricDatum set(double count, double sum, double minimum, double maximum) {
    api::MetricDatum one = datum();
    one.statistic_values = {count, sum, minimum, maximum};
    return one;
  }
  static api::MetricDatum values(std::vector<double> values,
                                 std::optional<std::vector<double>> counts = std::nullopt) {
    api::MetricDatum one = datum();
    one.values = std::move(values);
    one.counts = std::move(counts);
    return one;
  }
  std::string put(const api::MetricDatum& datum) {
    api::PutMetricData::Request request{.namespace_ = "S"};
    request.metric_data = {datum};
    const auto reply = data_.put(request, context_);
    return reply.ok() ? "" : reply.error().code + ": " + reply.error().message;
  }
  // The one value of each result, over an hour.
  std::vector<double> get(const std::string& statistic, const std::string& unit = "",
                          const std::string& expression = "") {
    api::GetMetricData::Request request;
    request.start_time = context_.now - seconds(1800);
    request.end_time = context_.now + seconds(1800);
    api::MetricDataQuery& query = request.metric_data_queries.emplace_back();
    query.id = "m1";
    query.return_data = expression.empty();
    query.metric_stat = {
        .metric = {.namespace_ = "S", .metric_name = "m"}, .period = 86'400, .stat = statistic};
    if (!unit.empty()) query.metric_stat->unit = unit;
    if (!expression.empty()) {
      api::MetricDataQuery& math = request.metric_data_queries.emplace_back();
      math.id = "e1";
      math.expression = expression;
    }
    auto reply = data_.get(request, context_);
    EXPECT_TRUE(reply.ok()) << reply.error().message;
    std::vector<double> found;
    for (const api::MetricDataResult& result : *reply->metric_data_results)
      found.insert(found.end(), result.values->begin(), result.values->end());
    return found;
  }

  telemetry::FakeMetricStore store_;
  MetricData data_{store_};
  CallContext context_{.now = TimePoint(seconds(1'700'000'040))};
};

TEST_F(MetricDataTest, SetsAndCountsAddUp) {
  EXPECT_EQ(put(set(4, 10, 1, 5)), "");
  EXPECT_EQ(put(values({2, 7}, {{3, 1}})), "");
  EXPECT_EQ(put(values({0.5})), "");
  EXPECT_EQ(put(values({99, 3}, {{0, 1e6}})), "") << "what was counted no time is not there";
  EXPECT_THAT(get("SampleCount"), ElementsAre(1'000'009));
  EXPECT_THAT(get("Sum"), ElementsAre(10 + 6 + 7 + 0.5 + 3e6));
  EXPECT_THAT(get("Minimum"), ElementsAre(0.5));
  EXPECT_THAT(get("Maximum"), ElementsAre(7));
}

TEST_F(MetricDataTest, UnitsAreKeptApartAndListedAsOneMetric) {
  EXPECT_EQ(put(value(1)), "");
  EXPECT_EQ(put(value(5, "Seconds")), "");
  EXPECT_EQ(put(value(7, "Seconds")), "");
  EXPECT_THAT(get("Sum"), ElementsAre(1, 12)) << "a result for each unit";
  EXPECT_THAT(get("Sum", "Seconds"), ElementsAre(12));
  EXPECT_THAT(get("Sum", "None"), ElementsAre(1));
  EXPECT_THAT(get("Sum", "Bytes"), ElementsAre());
  EXPECT_THAT(get("Sum", "", "m1 * 2"), ElementsAre(2, 24));
  EXPECT_THAT(get("Sum", "", "m1 / m1"), ElementsAre(1, 1));
  EXPECT_THAT(get("Sum", "", "SUM(METRICS())"), ElementsAre(13));
  EXPECT_THAT(get("Sum", "", "MAX([m1, m1])"), ElementsAre(12));
  auto listed = data_.list({.namespace_ = "S"}, context_);
  EXPECT_EQ(listed->metrics->size(), 1U);
}

TEST_F(MetricDataTest, ACallHoldsSoMuchAndNoMore) {
  api::PutMetricData::Request request{.namespace_ = "S"};
  request.metric_data = std::vector<api::MetricDatum>(1000, value(1));
  EXPECT_TRUE(data_.put(request, context_).ok());
  request.metric_data->push_back(value(1));
  const auto refused = data_.put(request, context_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "InvalidParameterValue");
  EXPECT_THAT(refused.error().message, HasSubstr("greater than 1000"));
  api::MetricDatum fine = value(1);
  for (const std::int64_t resolution : {1, 60}) {
    fine.storage_resolution = resolution;
    EXPECT_EQ(put(fine), "");
  }
  fine.storage_resolution = 5;
  EXPECT_THAT(put(fine), HasSubstr("InvalidParameterValue: The value 5 for StorageResolution"));
}

TEST_F(MetricDataTest, WhatMeansNothingIsRefused) {
  EXPECT_THAT(put(datum()), HasSubstr("one of the parameters Value, Values and StatisticValues"));
  EXPECT_THAT(put(set(1e-310, 1e100, 1, 1)), HasSubstr("too small for the Sum"));
  api::MetricDatum both = value(1);
  both.values = {1.0};
  EXPECT_THAT(put(both), HasSubstr("InvalidParameterCombination"));
  api::MetricDatum counted = value(1);
  counted.counts = {1.0};
  EXPECT_THAT(put(counted), HasSubstr("Counts, which go with Values"));
  EXPECT_THAT(put(values({})), HasSubstr("0 Values"));
  EXPECT_THAT(put(values(std::vector<double>(151, 1))), HasSubstr("151 Values"));
  EXPECT_THAT(put(values({1}, {{1, 2}})), HasSubstr("1 Values and 2 Counts"));
  EXPECT_THAT(put(values({1}, {{-1}})), HasSubstr("must not be negative"));
  EXPECT_THAT(put(set(0, 0, 0, 0)), HasSubstr("SampleCount must be more than 0"));
  EXPECT_THAT(put(set(1, 0, 2, 1)), HasSubstr("Minimum at most Maximum"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(put(set(1, nan, 1, 1)), HasSubstr("for StatisticValues.Sum of the metric 'm'"));
  EXPECT_THAT(put(value(1e300)), HasSubstr("2^360"));
  EXPECT_TRUE(store_.series("")->empty());
}

}  // namespace
}  // namespace clary::services
