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
