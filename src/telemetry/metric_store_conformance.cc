#include "telemetry/metric_store_conformance.h"

#include <limits>

namespace clary::telemetry {
namespace {

constexpr auto kMinute = std::chrono::minutes(1);
const char* const kSpace = "/aws/sagemaker/TrainingJobs";

}  // namespace

MetricStoreCase metric_store_case(std::function<std::shared_ptr<MetricStore>()> make) {
  return {std::move(make)};
}

void MetricStoreConformance::SetUp() { store_ = GetParam().make(); }

void MetricStoreConformance::append(const SeriesId& series, int seconds, double value) {
  const auto appended = store_->append({{series, {{at(seconds), value}}}}, std::nullopt);
  ASSERT_TRUE(appended.ok()) << appended.error().message;
}

SeriesId MetricStoreConformance::series_of(const std::string& name, const std::string& job) {
  return {kSpace, name, {{"TrainingJobName", job}}};
}

TimePoint MetricStoreConformance::at(int seconds) {
  return TimePoint(std::chrono::seconds(1'700'000'040 + seconds));
}

// Other folders' tests link the fakes, and these cases with them.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MetricStoreConformance);

TEST_P(MetricStoreConformance, AggregatesByAlignedPeriod) {
  const SeriesId loss = series_of("loss");
  append(loss, 0, 4);
  append(loss, 59, 2);
  append(loss, 60, 1);
  append(loss, 200, 9);
  const auto periods = store_->aggregate(loss, at(-30), at(200), kMinute).value();
  ASSERT_EQ(periods.size(), 2U);
  EXPECT_EQ(periods[0].start, at(0));
  EXPECT_EQ(periods[0].sum, 6);
  EXPECT_EQ(periods[0].minimum, 2);
  EXPECT_EQ(periods[0].maximum, 4);
  EXPECT_EQ(periods[0].count, 2U);
  EXPECT_EQ(periods[1].start, at(60));
  EXPECT_EQ(periods[1].count, 1U);
}

TEST_P(MetricStoreConformance, SeriesDifferByEveryPartOfTheirName) {
  append(series_of("loss"), 0, 1);
  append(series_of("loss", "other"), 0, 2);
  append({kSpace, "loss", {}}, 0, 3);
  append({"elsewhere", "loss", {{"TrainingJobName", "job"}}}, 0, 4);
  EXPECT_EQ(store_->samples(series_of("loss")).value().size(), 1U);
  EXPECT_EQ(store_->samples(series_of("loss", "other")).value().at(0).value, 2);
  EXPECT_TRUE(store_->samples(series_of("accuracy")).value().empty());
  EXPECT_TRUE(store_->aggregate(series_of("none"), at(0), at(60), kMinute).value().empty());
}

TEST_P(MetricStoreConformance, SummariesCoverAllSeriesOfADimension) {
  append(series_of("loss"), 0, 4);
  append(series_of("loss"), 1, 1);
  append(series_of("loss"), 2, 2.5);
  append(series_of("accuracy"), 0, 0.5);
  append(series_of("loss", "other"), 0, 8);
  const auto found = store_->summaries(kSpace, "TrainingJobName", "job").value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "accuracy");
  EXPECT_EQ(found[1].name, "loss");
  EXPECT_EQ(found[1].last, 2.5);
  EXPECT_EQ(found[1].minimum, 1);
  EXPECT_EQ(found[1].maximum, 4);
  EXPECT_EQ(found[1].sum, 7.5);
  EXPECT_EQ(found[1].count, 3U);
  EXPECT_EQ(found[1].last_time, at(2));
  EXPECT_TRUE(store_->summaries(kSpace, "Host", "job").value().empty());
}

TEST_P(MetricStoreConformance, SamplesOfOneInstantAreAllKept) {
  append(series_of("loss"), 5, 2);
  append(series_of("loss"), 5, 1);
  append(series_of("loss"), 3, 0);
  const auto samples = store_->samples(series_of("loss")).value();
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].value, 0);
  EXPECT_EQ(samples[1].value, 2);
  EXPECT_EQ(samples[2].value, 1);
}

TEST_P(MetricStoreConformance, ASetCountsAsTheMeasurementsItWasMadeOf) {
  append(series_of("loss"), 0, 4);
  const Sample set{.time = at(1), .value = 30, .set = SampleSet{2.5, 1, 20}};
  ASSERT_TRUE(store_->append({{series_of("loss"), {set}}}, std::nullopt).ok());
  const Aggregate period = store_->aggregate(series_of("loss"), at(0), at(60), kMinute)->at(0);
  EXPECT_EQ(period.sum, 34);
  EXPECT_EQ(period.count, 3.5);
  EXPECT_EQ(period.minimum, 1);
  EXPECT_EQ(period.maximum, 20);
  const auto samples = store_->samples(series_of("loss")).value();
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_FALSE(samples[0].set.has_value());
  EXPECT_EQ(samples[1].set, set.set);
  EXPECT_EQ(samples[1].mean(), 12);
  const SeriesSummary summary = store_->summaries(kSpace, "TrainingJobName", "job")->at(0);
  EXPECT_EQ(summary.count, 3.5);
  EXPECT_EQ(summary.sum, 34);
  EXPECT_EQ(summary.minimum, 1);
  EXPECT_EQ(summary.maximum, 20);
  EXPECT_EQ(summary.last, 12);
  append(series_of("loss"), 1, 5);
  EXPECT_EQ(store_->samples(series_of("loss"))->size(), 3U) << "it took one place";
  const Sample none{.time = at(1), .value = 0, .set = SampleSet{0, 0, 0}};
  EXPECT_EQ(store_->append({{series_of("loss"), {none}}}, std::nullopt).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_P(MetricStoreConformance, EachUnitIsASeriesOfItsOwn) {
  SeriesId seconds = series_of("took");
  seconds.unit = "Seconds";
  append(seconds, 0, 2);
  append(series_of("took"), 0, 7);
  append(series_of("other"), 0, 9);
  EXPECT_EQ(store_->units(series_of("took")).value(),
            (std::vector<std::string>{"None", "Seconds"}));
  EXPECT_EQ(store_->units(seconds).value(), store_->units(series_of("took")).value());
  EXPECT_TRUE(store_->units(series_of("absent")).value().empty());
  EXPECT_EQ(store_->samples(seconds)->at(0).value, 2);
  EXPECT_EQ(store_->aggregate(series_of("took"), at(0), at(60), kMinute)->at(0).sum, 7);
  EXPECT_EQ(store_->series(kSpace)->size(), 3U);
  const auto summaries = store_->summaries(kSpace, "TrainingJobName", "job").value();
  ASSERT_EQ(summaries.size(), 3U);
  EXPECT_EQ(summaries[2].name, "took");
  EXPECT_EQ(summaries[1].unit + summaries[2].unit, "NoneSeconds");
}

TEST_P(MetricStoreConformance, ARecordIsTakenOnce) {
  const std::vector<SeriesSamples> batch = {{series_of("a"), {{at(0), 1}}},
                                            {series_of("b"), {{at(0), 2}, {at(1), 3}}}};
  for (const std::uint64_t number : {7U, 7U, 6U}) {
    ASSERT_TRUE(store_->append(batch, RecordSource{"gang/algo-1", number}).ok());
  }
  EXPECT_EQ(store_->samples(series_of("a")).value().size(), 1U);
  EXPECT_EQ(store_->samples(series_of("b")).value().size(), 2U);
}

TEST_P(MetricStoreConformance, ABatchThatIsNotANumberChangesNothing) {
  const std::vector<SeriesSamples> batch = {
      {series_of("a"), {{at(0), 1}}},
      {series_of("b"), {{at(0), std::numeric_limits<double>::quiet_NaN()}}}};
  EXPECT_EQ(store_->append(batch, std::nullopt).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(store_->samples(series_of("a")).value().empty());
}

TEST_P(MetricStoreConformance, ClearForgetsEverything) {
  append(series_of("loss"), 0, 1);
  ASSERT_TRUE(store_->append({{series_of("a"), {{at(0), 1}}}}, RecordSource{"s", 9}).ok());
  ASSERT_TRUE(store_->clear().ok());
  EXPECT_TRUE(store_->summaries(kSpace, "TrainingJobName", "job").value().empty());
  ASSERT_TRUE(store_->append({{series_of("a"), {{at(0), 1}}}}, RecordSource{"s", 1}).ok());
  EXPECT_EQ(store_->samples(series_of("a")).value().size(), 1U);
}

}  // namespace clary::telemetry
