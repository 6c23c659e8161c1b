#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/files.h"
#include "telemetry/fake_log_store.h"
#include "telemetry/fake_metric_store.h"
#include "telemetry/log_block.h"
#include "telemetry/log_store_conformance.h"
#include "telemetry/metric_store_conformance.h"
#include "telemetry/sqlite_log_store.h"
#include "telemetry/sqlite_metric_store.h"

namespace clary::telemetry {
namespace {

// A database in a folder of its own, that can be closed and opened again.
class Place {
 public:
  explicit Place(const Clock& clock = default_clock()) : clock_(clock) { open(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { static_cast<void>(remove_tree(folder_)); }

  void open() {
    close();
    database_ = TelemetryDatabase::open(path_join(folder_, "telemetry.db")).value();
    logs_.emplace(*database_, clock_);
    metrics_.emplace(*database_);
  }
  void close() {
    logs_.reset();
    metrics_.reset();
    database_.reset();
  }
  SqliteLogStore& logs() { return *logs_; }
  SqliteMetricStore& metrics() { return *metrics_; }

 private:
  static const Clock& default_clock() {
    static const ManualClock clock;
    return clock;
  }

  char pattern_[32] = "/tmp/clary_telemetry_XXXXXX";
  std::string folder_ = mkdtemp(pattern_);
  const Clock& clock_;
  std::unique_ptr<TelemetryDatabase> database_;
  std::optional<SqliteLogStore> logs_;
  std::optional<SqliteMetricStore> metrics_;
};

std::shared_ptr<LogStore> sqlite_logs(const Clock& clock) {
  auto place = std::make_shared<Place>(clock);
  return {place, &place->logs()};
}
std::shared_ptr<LogStore> fake_logs(const Clock& clock) {
  return std::make_shared<FakeLogStore>(clock);
}
std::shared_ptr<MetricStore> sqlite_metrics() {
  auto place = std::make_shared<Place>();
  return {place, &place->metrics()};
}
std::shared_ptr<MetricStore> fake_metrics() { return std::make_shared<FakeMetricStore>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, LogStoreConformance, testing::Values(log_store_case(sqlite_logs)));
INSTANTIATE_TEST_SUITE_P(Fake, LogStoreConformance, testing::Values(log_store_case(fake_logs)));
INSTANTIATE_TEST_SUITE_P(Sqlite, MetricStoreConformance,
                         testing::Values(metric_store_case(sqlite_metrics)));
INSTANTIATE_TEST_SUITE_P(Fake, MetricStoreConformance,
                         testing::Values(metric_store_case(fake_metrics)));

TEST(SqliteTelemetry, EverythingIsThereAfterARestart) {
  Place place;
  const LogGroup group("g");
  const LogStream stream("s");
  const SeriesId series{"space", "loss", {}};
  const std::vector<SeriesSamples> samples = {{series, {{TimePoint(Duration(7)), 0.1}}}};
  ASSERT_TRUE(place.logs().create_stream(group, stream).ok());
  ASSERT_TRUE(place.logs().append(group, stream, {"a"}, RecordSource{"x", 1}).ok());
  ASSERT_TRUE(place.metrics().append(samples, RecordSource{"x", 1}).ok());
  const auto first = place.logs().events({.group = group, .stream = stream}).value();

  place.open();
  ASSERT_TRUE(place.logs().append(group, stream, {"again"}, RecordSource{"x", 1}).ok());
  ASSERT_TRUE(place.logs().append(group, stream, {"b"}, RecordSource{"x", 2}).ok());
  ASSERT_TRUE(place.metrics().append(samples, RecordSource{"x", 1}).ok());
  const auto next =
      place.logs().events({.group = group, .stream = stream, .token = first.forward_token}).value();
  ASSERT_EQ(next.events.size(), 1U);
  EXPECT_EQ(next.events[0].message, "b");
  EXPECT_EQ(place.metrics().samples(series).value().size(), 1U);
}

TEST(SqliteTelemetry, ADatabaseOfFormatTwoIsTakenOver) {
  char pattern[] = "/tmp/clary_telemetry_XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const std::string path = path_join(folder, "telemetry.db");
  {
    const auto old = sqlite::Database::open(path, {}).value();
    ASSERT_TRUE(sqlite::migrate(*old, migrations().first(2)).ok());
    ASSERT_TRUE(old->execute(R"sql(
      INSERT INTO series (id, space, name, dimensions, count, sum, minimum, maximum, last, last_us)
        VALUES (7, 's', 'CPUUtilization', '[["Host","h"]]', 2, 30, 10, 20, 20, 1000000),
               (8, 's', 'loss', '[["TrainingJobName","j"]]', 1, 0.5, 0.5, 0.5, 0.5, 0);
      INSERT INTO series_dimension VALUES ('s', 'Host', 'h', 7), ('s', 'TrainingJobName', 'j', 8);
      INSERT INTO sample VALUES (7, 0, 0, 10), (7, 1000000, 1, 20), (8, 0, 0, 0.5);
      INSERT INTO log_group (name, created_ms) VALUES ('g', 1);
      INSERT INTO log_stream VALUES (3, 'g', 's', 1, 5, 6, 2);
      INSERT INTO log_block VALUES (1, 3, 0, 5, 1, 0, 2, x'0161', NULL);
      INSERT INTO log_block VALUES (2, 3, 1, 6, 1, 0, 2, x'0162', 9);
    )sql")
                    .ok());
  }
  const ManualClock clock;
  const auto database = TelemetryDatabase::open(path).value();
  SqliteMetricStore metrics(*database);
  const SeriesId usage{"s", "CPUUtilization", {{"Host", "h"}}, "Percent"};
  ASSERT_EQ(metrics.samples(usage)->size(), 2U);
  const SeriesId loss{"s", "loss", {{"TrainingJobName", "j"}}};
  ASSERT_EQ(metrics.samples(loss)->size(), 1U);
  ASSERT_TRUE(metrics.append({{usage, {{TimePoint(Duration(1'000'000)), 60}}}}, {}).ok());
  const SeriesSummary summary = metrics.summaries("s", "Host", "h")->at(0);
  EXPECT_EQ(summary.count, 3);
  EXPECT_EQ(summary.sum, 90);
  EXPECT_EQ(summary.minimum, 10);
  SqliteLogStore logs(*database, clock);
  const auto page = logs.events({.group = LogGroup("g"), .stream = LogStream("s")}).value();
  ASSERT_EQ(page.events.size(), 2U);
  EXPECT_EQ(page.events[1].message, "b");
  EXPECT_EQ(logs.streams(LogGroup("g"), "", "", 1)->at(0).last_ingestion_ms, 6);
  static_cast<void>(remove_tree(folder));
}

TEST(LogBlock, ReadsBackWhatItPacks) {
  std::vector<std::string> events = {"", "x", std::string(127, 'y'), std::string(128, 'z')};
  for (int i = 0; i < 10'000; ++i) events.push_back("line " + std::to_string(i * 7919));
  events.push_back(std::string(kMaxEventBytes, 'w'));
  std::vector<std::string> read;
  std::size_t stored = 0;
  for (const LogBlock& block : make_blocks(events)) {
    EXPECT_LE(block.count, kBlockEvents);
    stored += block.bytes.size();
    const auto part = read_block(block).value();
    read.insert(read.end(), part.begin(), part.end());
  }
  EXPECT_EQ(read, events);
  EXPECT_LT(stored, 100'000U) << "text like this packs to less than half";
}

TEST(LogBlock, RefusesDamage) {
  const std::vector<std::string> events = {std::string(2000, 'a'), "b"};
  const LogBlock good = make_blocks(events).at(0);
  LogBlock bad = good;
  bad.bytes.resize(bad.bytes.size() / 2);
  EXPECT_FALSE(read_block(bad).ok());
  bad = good;
  bad.count = 3;
  EXPECT_FALSE(read_block(bad).ok());
  EXPECT_FALSE(read_block({.count = 1, .plain_bytes = 2, .bytes = "\x05x"}).ok());
}

}  // namespace
}  // namespace clary::telemetry
