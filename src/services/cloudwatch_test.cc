#include "services/cloudwatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/metric_queries.h"
#include "services/percentile.h"
#include "telemetry/fake_metric_store.h"

namespace clary::services {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const kSpace = "/aws/sagemaker/TrainingJobs";

class CloudWatchTest : public testing::Test {
 protected:
  void sample(int second, double value, const std::string& name = "loss",
              const std::string& dimension = "TrainingJobName", const std::string& unit = "None") {
    const telemetry::SeriesId series{kSpace, name, {{dimension, "job"}}, unit};
    ASSERT_TRUE(store_.append({{series, {{start_ + seconds(second), value}}}}, std::nullopt).ok());
  }
  api::GetMetricStatisticsInput request(std::vector<std::string> statistics) {
    return {.namespace_ = kSpace,
            .metric_name = "loss",
            .dimensions = {{{.name = "TrainingJobName", .value = "job"}}},
            .start_time = start_,
            .end_time = start_ + hours(1),
            .period = 60,
            .statistics = std::move(statistics)};
  }
  std::vector<api::Datapoint> points(const api::GetMetricStatisticsInput& request) {
    auto reply = cloudwatch_.get_statistics(request, {});
    EXPECT_TRUE(reply.ok());
    return reply.ok() ? *reply->datapoints : std::vector<api::Datapoint>{};
  }
  std::string refused(const api::GetMetricStatisticsInput& request) {
    const auto reply = cloudwatch_.get_statistics(request, {});
    return reply.ok() ? "carried out" : reply.error().code + ": " + reply.error().message;
  }

  TimePoint start_{seconds(1'700'000'040)};  // a whole minute
  telemetry::FakeMetricStore store_;
  CloudWatch cloudwatch_{store_};
};

TEST_F(CloudWatchTest, EveryStatisticThatIsAskedForAndNoOther) {
  sample(0, 1);
  sample(59, 4);
  sample(60, 7);
  const auto all = points(request({"Average", "Sum", "Minimum", "Maximum", "SampleCount"}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], (api::Datapoint{.timestamp = start_,
                                    .sample_count = 2,
                                    .average = 2.5,
                                    .sum = 5,
                                    .minimum = 1,
                                    .maximum = 4,
                                    .unit = "None"}));
  EXPECT_EQ(points(request({"Average"})).at(1),
            (api::Datapoint{.timestamp = start_ + seconds(60), .average = 7, .unit = "None"}));
}

TEST_F(CloudWatchTest, DimensionsMatchExactlyInAnyOrder) {
  const telemetry::SeriesId series{kSpace, "loss", {{"A", "1"}, {"B", "2"}}};
  ASSERT_TRUE(store_.append({{series, {{start_, 1}}}}, std::nullopt).ok());
  auto wanted = request({"Sum"});
  wanted.dimensions = {{{.name = "B", .value = "2"}, {.name = "A", .value = "1"}}};
  EXPECT_EQ(points(wanted).size(), 1U);
  wanted.dimensions = {{{.name = "A", .value = "1"}}};
  EXPECT_THAT(points(wanted), IsEmpty());
  wanted.dimensions.reset();
  EXPECT_THAT(points(wanted), IsEmpty());
}

TEST_F(CloudWatchTest, TheStartIsRoundedDownToTheMinute) {
  sample(5, 1);
  auto wanted = request({"Sum"});
  wanted.start_time = start_ + seconds(30);
  EXPECT_EQ(points(wanted).size(), 1U);
  wanted.period = 10;
  EXPECT_THAT(points(wanted), IsEmpty());
}

TEST_F(CloudWatchTest, EachUnitHasItsOwnPoints) {
  sample(0, 50, "loss", "TrainingJobName", "Percent");
  sample(1, 2);
  sample(61, 3);
  std::string found;
  const auto list = [&](const api::GetMetricStatisticsInput& wanted) {
    found.clear();
    for (const api::Datapoint& point : points(wanted))
      found += std::to_string(static_cast<int>(*point.average)) + *point.unit + ' ';
    return found;
  };
  auto wanted = request({"Average"});
  EXPECT_EQ(list(wanted), "2None 50Percent 3None ");
  wanted.unit = "Percent";
  EXPECT_EQ(list(wanted), "50Percent ");
  wanted.unit = "Seconds";
  EXPECT_EQ(list(wanted), "");
  wanted.unit.reset();
  wanted.statistics.reset();
  wanted.extended_statistics = {"p50"};
  ASSERT_EQ(points(wanted).size(), 3U);
  EXPECT_EQ(points(wanted).at(1).unit, "Percent");
}

TEST_F(CloudWatchTest, ASetHasNoPercentilesUnlessItsMembersAreKnown) {
  const telemetry::SeriesId series{kSpace, "loss", {{"TrainingJobName", "job"}}};
  const auto put = [&](int second, double sum, telemetry::SampleSet set) {
    const telemetry::Sample sample{start_ + seconds(second), sum, set};
    ASSERT_TRUE(store_.append({{series, {sample}}}, std::nullopt).ok());
  };
  sample(0, 1);
  put(1, 9, {3, 3, 3});  // three times 3
  sample(60, 1);
  put(61, 9, {3, 1, 6});  // of three values, nobody knows which
  auto wanted = request({});
  wanted.extended_statistics = {"p0", "p50"};
  const auto found = points(wanted);
  ASSERT_EQ(found.size(), 1U);
  const wire::Map<double> expected = {{"p0", 1.0}, {"p50", 3.0}};
  EXPECT_EQ(*found[0].extended_statistics, expected);
  const auto plain = points(request({"SampleCount", "Average", "Maximum"}));
  ASSERT_EQ(plain.size(), 2U);
  EXPECT_EQ(plain[1].sample_count, 4);
  EXPECT_EQ(plain[1].average, 2.5);
  EXPECT_EQ(plain[1].maximum, 6);
}

TEST_F(CloudWatchTest, PercentilesAreCarriedOutAndOtherExtendedStatisticsRefused) {
  for (int i = 0; i <= 10; ++i) sample(i, 10 - i);
  auto wanted = request({});
  wanted.extended_statistics = {"p50", "p95.0", "p0"};
  const auto found = points(wanted);
  ASSERT_EQ(found.size(), 1U);
  const wire::Map<double> expected = {{"p50", 5.0}, {"p95.0", 9.5}, {"p0", 0.0}};
  EXPECT_EQ(*found[0].extended_statistics, expected);
  wanted.extended_statistics = {"tm99"};
  EXPECT_THAT(refused(wanted), HasSubstr("InvalidParameterValue: The statistic 'tm99'"));
}

TEST_F(CloudWatchTest, MembersThatDoNotGoTogetherAreRefused) {
  auto wanted = request({"Sum"});
  wanted.end_time = start_ + hours(48);
  EXPECT_EQ(refused(wanted),
            "InvalidParameterCombination: You have requested up to 2,880 datapoints, which exceeds "
            "the limit of 1,440. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range.");
  wanted.period = 120;
  EXPECT_EQ(refused(wanted), "carried out");
  wanted.end_time = start_;
  EXPECT_THAT(refused(wanted), HasSubstr("StartTime must be less than"));
  for (const std::int64_t period : {0L, -60L, 59L, 61L, 90L, 60L << 50}) {
    wanted = request({"Sum"});
    wanted.period = period;
    EXPECT_THAT(refused(wanted), HasSubstr("InvalidParameterValue: The parameter Period"));
  }
  EXPECT_THAT(refused(request({})), HasSubstr("MissingParameter"));
  wanted = request({"Sum"});
  wanted.extended_statistics = {"p50"};
  EXPECT_THAT(refused(wanted), HasSubstr("InvalidParameterCombination"));
}

TEST_F(CloudWatchTest, ThePointsThatQueriesMakeAreBoundedTogether) {
  sample(0, 1);
  const std::int64_t year = 366 * 86'400;
  api::GetMetricData::Request request;
  request.start_time = start_;
  request.end_time = start_ + std::chrono::minutes(kMostPeriods);
  api::MetricDataQuery& series = request.metric_data_queries.emplace_back();
  series.id = "m1";
  series.metric_stat.emplace();
  series.metric_stat->metric.namespace_ = kSpace;
  series.metric_stat->metric.metric_name = "loss";
  series.metric_stat->metric.dimensions = {{{.name = "TrainingJobName", .value = "job"}}};
  series.metric_stat->period = 60;
  series.metric_stat->stat = "Sum";
  std::string list = "m1";
  for (int count = 1; count < 30; ++count) list += ", m1";
  for (const char* id : {"a", "b"}) {
    // A period of a year: that the queries ask for few periods says nothing of what FILL makes.
    api::MetricDataQuery& query = request.metric_data_queries.emplace_back();
    query.id = id;
    query.expression = "FILL([" + list + "], 0)";
    query.period = year;
    query.return_data = false;
  }
  request.metric_data_queries.back().return_data = true;
  EXPECT_TRUE(MetricQueries(store_, request).run().ok());
  request.metric_data_queries[1].return_data = true;
  const auto refused = MetricQueries(store_, request).run();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("more than 5,000,000 points together"));
}

TEST(Percentile, ReadsOnlyPercentiles) {
  EXPECT_EQ(parse_percentile("p99.9"), 99.9);
  for (const char* other : {"p", "p101", "p-1", "p1e1", "tm90", "IQM", "99", ""}) {
    EXPECT_EQ(parse_percentile(other), std::nullopt) << other;
  }
  EXPECT_EQ(percentile({{3}}, 50), 3);
  EXPECT_EQ(percentile({{1}, {2}}, 100), 2);
}

TEST(Percentile, CountsAValueAsOftenAsItWasMeasured) {
  const std::vector<Measured> values = {{1, 1}, {5, 3}, {9, 1e12}};
  EXPECT_EQ(percentile(values, 0), 1);
  EXPECT_EQ(percentile(values, 50), 9);
  // 1 5 5 5: the place of p25 is 0.75.
  EXPECT_EQ(percentile({{1, 1}, {5, 3}}, 25), 4);
  EXPECT_EQ(percentile({{2, 0.5}}, 99), 2);
}

}  // namespace
}  // namespace clary::services
