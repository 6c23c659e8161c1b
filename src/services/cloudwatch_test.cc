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
              const std::string& dimension = "TrainingJobName") {
    const telemetry::SeriesId series{kSpace, name, {{dimension, "job"}}};
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

TEST_F(CloudWatchTest, UsageIsInPercent) {
  sample(0, 50, "CPUUtilization", "Host");
  auto wanted = request({"Average"});
  wanted.metric_name = "CPUUtilization";
  wanted.dimensions = {{{.name = "Host", .value = "job"}}};
  EXPECT_EQ(points(wanted).at(0).unit, "Percent");
  wanted.unit = "Percent";
  EXPECT_EQ(points(wanted).size(), 1U);
  wanted.unit = "Seconds";
  EXPECT_THAT(points(wanted), IsEmpty());
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
  EXPECT_EQ(percentile({3}, 50), 3);
  EXPECT_EQ(percentile({1, 2}, 100), 2);
}

}  // namespace
}  // namespace clary::services
