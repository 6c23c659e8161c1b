#include "services/log_group_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "base/time_text.h"
#include "services/log_group_name.h"
#include "services/log_group_tags.h"
#include "telemetry/sqlite_log_groups.h"
#include "telemetry/sqlite_log_store.h"

namespace clary::services {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kDayMs = 24 * kHourMs;

class LogGroupCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "clary-group-calls-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    database_ = telemetry::TelemetryDatabase::open(folder_ + "/telemetry.db").value();
    groups_ = std::make_unique<telemetry::SqliteLogGroups>(*database_, clock_);
    store_ = std::make_unique<telemetry::SqliteLogStore>(*database_, clock_);
    calls_ = std::make_unique<LogGroupCalls>(*groups_, *store_);
    tags_ = std::make_unique<LogGroupTags>(*groups_);
    context_.now = clock_.now();
  }
  void TearDown() override { static_cast<void>(remove_tree(folder_)); }

  std::string make(const std::string& name, const telemetry::LogTags& tags) {
    api::CreateLogGroup::Request request;
    request.log_group_name = name;
    request.tags = tags;
    return code_of(calls_->create(request, context_));
  }
  template <typename Reply>
  static std::string code_of(const Outcome<Reply>& reply) {
    if (reply.ok()) return "";
    return reply.error().code.empty() ? reply.error().message : reply.error().code;
  }
  // Events so many milliseconds ago, named by their numbers.
  Outcome<api::PutLogEvents::Reply> put(const std::vector<std::int64_t>& ages) {
    api::PutLogEvents::Request request;
    request.log_group_name = "g";
    request.log_stream_name = "s";
    const std::int64_t now_ms = to_epoch_milliseconds(context_.now);
    for (std::size_t at = 0; at < ages.size(); ++at)
      request.log_events.push_back({.timestamp = now_ms - ages[at], .message = std::to_string(at)});
    return calls_->put_events(request, context_);
  }
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    const auto page =
        store_->events({.group = LogGroup("g"), .stream = LogStream("s"), .from_head = true});
    for (const telemetry::LogEvent& event : page->events) found.push_back(event.message);
    return found;
  }
  std::string arn(const std::string& group) {
    return LogGroupPlace{context_.region, context_.account, LogGroup(group)}.arn();
  }
  telemetry::LogTags tags_of(const std::string& group) {
    auto reply = tags_->list({.resource_arn = arn(group)}, context_);
    return reply.ok() ? *reply->tags : telemetry::LogTags{{"refused", reply.error().message}};
  }

  ManualClock clock_;
  CallContext context_{.account = AccountId("000000000000"), .region = Region("us-west-2")};
  std::string folder_;
  std::unique_ptr<telemetry::TelemetryDatabase> database_;
  std::unique_ptr<telemetry::SqliteLogGroups> groups_;
  std::unique_ptr<telemetry::SqliteLogStore> store_;
  std::unique_ptr<LogGroupCalls> calls_;
  std::unique_ptr<LogGroupTags> tags_;
};

TEST_F(LogGroupCallsTest, TagsAreOfAGroupHoweverItIsNamed) {
  EXPECT_EQ(make("g", {{"a", "1"}}), "");
  EXPECT_EQ(tags_of("g"), (telemetry::LogTags{{"a", "1"}}));
  EXPECT_EQ(code_of(tags_->tag({.resource_arn = arn("g"), .tags = {{"b", "2"}}}, context_)), "");
  EXPECT_EQ(code_of(tags_->tag_group({.log_group_name = "g", .tags = {{"a", "3"}}}, context_)), "");
  EXPECT_EQ(*tags_->list_group({.log_group_name = "g"}, context_)->tags,
            (telemetry::LogTags{{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(code_of(tags_->untag({.resource_arn = arn("g"), .tag_keys = {"a"}}, context_)), "");
  EXPECT_EQ(tags_of("g"), (telemetry::LogTags{{"b", "2"}}));
  EXPECT_EQ(code_of(tags_->untag_group({.log_group_name = "g", .tags = {"b"}}, context_)), "");
  EXPECT_EQ(tags_of("g"), telemetry::LogTags());
}

TEST_F(LogGroupCallsTest, TagsOfWhatIsNotThereAreRefused) {
  const std::string no_group = "The specified log group does not exist.";
  EXPECT_EQ(tags_of("g"), (telemetry::LogTags{{"refused", no_group}}));
  EXPECT_EQ(code_of(tags_->list_group({.log_group_name = "g"}, context_)), no_group);
  ASSERT_EQ(make("g", {{"a", "1"}}), "");
  const auto list = [this](const std::string& resource) {
    return code_of(tags_->list({.resource_arn = resource}, context_));
  };
  EXPECT_EQ(list("arn:aws:logs:us-west-2:111111111111:log-group:g"), no_group);
  EXPECT_EQ(list("arn:aws:logs:us-east-1:000000000000:log-group:g"), no_group);
  EXPECT_EQ(list("arn:aws-cn:logs:us-west-2:000000000000:log-group:g"), no_group);
  EXPECT_EQ(group_of(std::nullopt, "arn:aws-cn:logs:us-west-2:000000000000:log-group:g", context_)
                .error()
                .message,
            no_group);
  EXPECT_EQ(list("arn:aws:logs:us-west-2:000000000000:destination:g"),
            "The specified resource does not exist.");
  EXPECT_EQ(list("g"), "InvalidParameterException");
}

TEST_F(LogGroupCallsTest, AGroupHasFiftyTagsAndNoneOfAws) {
  telemetry::LogTags many;
  for (int number = 0; number < 50; ++number) many.emplace_back("k" + std::to_string(number), "");
  ASSERT_EQ(make("g", many), "");
  EXPECT_EQ(code_of(tags_->tag({.resource_arn = arn("g"), .tags = {{"more", ""}}}, context_)),
            "TooManyTagsException");
  EXPECT_EQ(code_of(tags_->tag_group({.log_group_name = "g", .tags = {{"more", ""}}}, context_)),
            "InvalidParameterException");
  EXPECT_EQ(code_of(tags_->tag({.resource_arn = arn("g"), .tags = {{"k1", "new"}}}, context_)), "");
  EXPECT_EQ(code_of(tags_->tag({.resource_arn = arn("g"), .tags = {{"aws:x", ""}}}, context_)),
            "InvalidParameterException");
  EXPECT_EQ(make("h", {{"aws:x", ""}}), "InvalidParameterException");
}

TEST_F(LogGroupCallsTest, EventsOutsideTheirTimeAreNamedAndTheOthersTaken) {
  ASSERT_TRUE(store_->create_stream(LogGroup("g"), LogStream("s")).ok());
  const auto rejected = put({15 * kDayMs, 1000, 0, -3 * kHourMs})->rejected_log_events_info;
  EXPECT_EQ(rejected->too_old_log_event_end_index, 1);
  EXPECT_EQ(rejected->too_new_log_event_start_index, 3);
  EXPECT_EQ(rejected->expired_log_event_end_index, std::nullopt);
  EXPECT_THAT(lines(), ElementsAre("1", "2"));
  EXPECT_EQ(put({0, -2 * kHourMs})->rejected_log_events_info, std::nullopt);
}

TEST_F(LogGroupCallsTest, EventsOfBeforeTheRetentionAreExpired) {
  ASSERT_TRUE(store_->create_stream(LogGroup("g"), LogStream("s")).ok());
  ASSERT_TRUE(groups_->set_retention(LogGroup("g"), 3).ok());
  const auto rejected = put({15 * kDayMs, 4 * kDayMs, 3 * kDayMs - 1})->rejected_log_events_info;
  EXPECT_EQ(rejected->too_old_log_event_end_index, 1);
  EXPECT_EQ(rejected->expired_log_event_end_index, 2);
  EXPECT_THAT(lines(), ElementsAre("2"));
}

TEST_F(LogGroupCallsTest, ABatchIsChronologicalAndSpansADayOfWhatIsValid) {
  ASSERT_TRUE(store_->create_stream(LogGroup("g"), LogStream("s")).ok());
  EXPECT_EQ(code_of(put({0, 1})), "InvalidParameterException");
  EXPECT_EQ(code_of(put({kDayMs + 1, 0})), "InvalidParameterException");
  EXPECT_TRUE(lines().empty());
  EXPECT_EQ(code_of(put({kDayMs, 0})), "");
  EXPECT_EQ(code_of(put({3 * kDayMs})), "");
  EXPECT_THAT(lines(), ElementsAre("0", "0", "1")) << "by time, in whatever order they came";
}

}  // namespace
}  // namespace clary::services
