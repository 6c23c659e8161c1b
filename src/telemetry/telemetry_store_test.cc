#include <fmt/format.h>
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

using namespace std::string_literals;

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

TEST(LogBlock, ReadsWhatZlibPacked) {
  // As servers have written them that packed with zlib.
  const std::string packed =
      "\x78\x01\x3d\xcf\xc1\x89\x43\x41\x0c\x04\xd1\x1c\xec\x04\x7e\x04\x8b\xd4\x1a\x8d\x46\xf1"
      "\x18\x83\x0f\x06\x2f\x38\x7f\xd8\xc3\xaa\xfb\x5a\xa7\x7a\xb7\xe7\xef\xe7\xf1\xba\xec\x7a"
      "\x7f\xbe\xdf\xcb\x7e\xcc\xec\xf6\x9f\x9c\xa9\xbd\x27\x81\xe9\xc4\x99\x14\x4c\x95\x35\x69"
      "\x31\xed\xda\x93\x92\x29\x3b\x27\x6d\x25\x5f\x93\x8a\x69\x45\x4c\x3a\x4c\x91\x98\xd4\x4c"
      "\x28\xbf\xcf\xaa\xf6\xbd\x8d\x4d\xff\x6e\xcd\x26\x80\xe1\xb0\x49\xd0\xab\xd8\x44\x38\x7b"
      "\xb3\xc9\x50\x27\xd9\x84\x28\x5b\x6c\x52\x6c\x04\x9b\x18\xb9\xc0\x26\xc7\xda\x74\x40\x8e"
      "\x38\x74\x40\x0e\x34\x1d\x90\x03\x4e\x07\xe4\xf0\xa0\x03\x72\x58\xd2\x01\x39\xba\xe8\x80"
      "\x1c\xa7\xe9\x80\x1c\xc7\xe9\x80\x1c\x15\x74\x40\x8e\x9d\xfe\x07\x35\x94\xa7\x55"s;
  std::vector<std::string> lines;
  for (int i = 0; i < 30; ++i)
    lines.push_back(fmt::format("epoch {} loss 0.{:03}", i, i * 7919 % 1000));
  const LogBlock block{
      .codec = BlockCodec::kZlib, .count = 30, .plain_bytes = 590, .bytes = packed};
  EXPECT_EQ(read_block(block).value(), lines);
}

TEST(LogBlock, RefusesDamage) {
  const std::vector<std::string> events = {std::string(2000, 'a'), "b"};
  const LogBlock good = make_blocks(events).at(0);
  LogBlock bad = good;
  bad.bytes.resize(bad.bytes.size() / 2);
  EXPECT_FALSE(read_block(bad).ok());
  bad = good;
  bad.plain_bytes -= 1;
  EXPECT_FALSE(read_block(bad).ok());
  bad.plain_bytes += 2;
  EXPECT_FALSE(read_block(bad).ok());
  bad = good;
  bad.bytes.back() = static_cast<char>(bad.bytes.back() ^ 1);  // of the checksum
  EXPECT_FALSE(read_block(bad).ok());
  bad = good;
  bad.count = 3;
  EXPECT_FALSE(read_block(bad).ok());
  EXPECT_FALSE(read_block({.count = 1, .plain_bytes = 2, .bytes = "\x05x"}).ok());
}

}  // namespace
}  // namespace clary::telemetry
