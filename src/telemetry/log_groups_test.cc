#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "base/time_text.h"
#include "telemetry/sqlite_log_groups.h"
#include "telemetry/sqlite_log_store.h"

namespace clary::telemetry {
namespace {

class LogGroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "clary-groups-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    database_ = TelemetryDatabase::open(folder_ + "/telemetry.db").value();
    groups_ = std::make_unique<SqliteLogGroups>(*database_, clock_);
    store_ = std::make_unique<SqliteLogStore>(*database_, clock_);
  }
  void TearDown() override {
    store_.reset();
    groups_.reset();
    database_.reset();
    static_cast<void>(remove_tree(folder_));
  }
  std::string names(std::string_view prefix = "", std::string_view after = "",
                    std::size_t limit = 10) {
    std::string all;
    const auto found = groups_->list(prefix, after, limit);
    for (const GroupSummary& group : found.value())
      all += (all.empty() ? "" : " ") + group.name.value();
    return all;
  }
  std::string lines() {
    std::string all;
    const auto page = store_->events({.group = group_, .stream = stream_, .from_head = true});
    for (const LogEvent& event : page.value().events) {
      all += std::to_string((event.timestamp_ms - now_ms()) / 1000) + event.message + ' ';
    }
    return all;
  }
  std::int64_t now_ms() const { return to_epoch_milliseconds(clock_.now()); }

  ManualClock clock_;
  LogGroup group_{"g"};
  LogStream stream_{"s"};
  std::string folder_;
  std::unique_ptr<TelemetryDatabase> database_;
  std::unique_ptr<SqliteLogGroups> groups_;
  std::unique_ptr<SqliteLogStore> store_;
};

TEST_F(LogGroupsTest, AreMadeByThemselvesOrWithTheirFirstStream) {
  ASSERT_TRUE(groups_->create(LogGroup("a/1"), {}).ok());
  EXPECT_EQ(groups_->create(LogGroup("a/1"), {}).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(store_->create_stream(LogGroup("a/2"), stream_).ok());
  ASSERT_TRUE(groups_->create(LogGroup("b"), {}).ok());
  EXPECT_EQ(names(), "a/1 a/2 b");
  EXPECT_EQ(names("a/"), "a/1 a/2");
  EXPECT_EQ(names("", "a/1", 1), "a/2");
  EXPECT_TRUE(store_->streams(LogGroup("a/1"), "", "", 10).value().empty());
}

TEST_F(LogGroupsTest, EndWithTheirStreams) {
  ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
  ASSERT_TRUE(store_->append(group_, stream_, {"x"}, std::nullopt).ok());
  EXPECT_GT(groups_->list("", "", 1).value().front().stored_bytes, 0U);
  ASSERT_TRUE(groups_->remove(group_).ok());
  EXPECT_EQ(groups_->remove(group_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->streams(group_, "", "", 1).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
  EXPECT_EQ(lines(), "") << "nothing comes back";
}

TEST_F(LogGroupsTest, HaveTags) {
  EXPECT_EQ(groups_->tags(group_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(groups_->add_tags(group_, {{"a", "1"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(groups_->remove_tags(group_, {"a"}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(groups_->create(group_, {{"b", "2"}, {"a", "1"}}).ok());
  EXPECT_EQ(groups_->tags(group_).value(), (LogTags{{"a", "1"}, {"b", "2"}}));
  ASSERT_TRUE(groups_->add_tags(group_, {{"b", ""}, {"c", "3"}}).ok());
  ASSERT_TRUE(groups_->remove_tags(group_, {"a", "none"}).ok());
  EXPECT_EQ(groups_->tags(group_).value(), (LogTags{{"b", ""}, {"c", "3"}}));
  LogTags many;
  for (std::size_t number = 0; number < kMostGroupTags; ++number)
    many.emplace_back("k" + std::to_string(number), "");
  EXPECT_EQ(groups_->add_tags(group_, many).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(groups_->tags(group_)->size(), 2U) << "none of them was added";
  many.emplace_back("one more", "");
  EXPECT_EQ(groups_->create(LogGroup("h"), many).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(names(), "g");
  ASSERT_TRUE(groups_->remove(group_).ok());
  ASSERT_TRUE(groups_->create(group_, {}).ok());
  EXPECT_TRUE(groups_->tags(group_)->empty()) << "nothing comes back";
}

TEST_F(LogGroupsTest, OldEventsEndWithTheirGroupsRetention) {
  EXPECT_EQ(groups_->set_retention(group_, 1).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
  const std::int64_t now = now_ms();
  ASSERT_TRUE(
      store_->append_timed(group_, stream_, {{now - 90'000'000, "old"}, {now, "new"}}).ok());
  ASSERT_TRUE(groups_->expire(clock_.now()).ok());
  EXPECT_EQ(lines(), "-90000old 0new ");
  EXPECT_EQ(groups_->retention(group_).value(), std::nullopt);
  EXPECT_EQ(groups_->retention(LogGroup("none")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(groups_->set_retention(group_, 1).ok());
  EXPECT_EQ(groups_->retention(group_).value(), 1);
  EXPECT_EQ(groups_->list("", "", 1).value().front().retention_days, 1);
  ASSERT_TRUE(groups_->expire(clock_.now()).ok());
  EXPECT_EQ(lines(), "0new ");
  ASSERT_TRUE(groups_->set_retention(group_, std::nullopt).ok());
  EXPECT_FALSE(groups_->list("", "", 1).value().front().retention_days.has_value());
}

}  // namespace
}  // namespace clary::telemetry
