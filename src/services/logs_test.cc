#include "services/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/logs_filter.h"
#include "telemetry/fake_log_store.h"

namespace clary::services {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const char* const kGroup = "/aws/sagemaker/TrainingJobs";

class LogsTest : public testing::Test {
 protected:
  void stream(const std::string& name, const std::vector<std::string>& lines = {}) {
    clock_.advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(store_.create_stream(LogGroup(kGroup), LogStream(name)).ok());
    ASSERT_TRUE(store_.append(LogGroup(kGroup), LogStream(name), lines, std::nullopt).ok());
  }
  api::DescribeLogStreamsResponse describe(api::DescribeLogStreamsRequest request) {
    if (!request.log_group_identifier) request.log_group_name = kGroup;
    auto reply = logs_.describe_streams(request, context_);
    EXPECT_TRUE(reply.ok());
    return reply.ok() ? *reply : api::DescribeLogStreamsResponse{};
  }
  static std::vector<std::string> names(const api::DescribeLogStreamsResponse& reply) {
    std::vector<std::string> names;
    for (const api::LogStream& stream : *reply.log_streams) {
      names.push_back(*stream.log_stream_name);
    }
    return names;
  }

  ManualClock clock_;
  telemetry::FakeLogStore store_{clock_};
  Logs logs_{store_};
  CallContext context_{.account = AccountId("000000000000"), .region = Region("us-west-2")};
};

TEST_F(LogsTest, ThereIsNoTokenWhenAllStreamsFit) {
  for (int i = 0; i < 50; ++i) stream("job/algo-" + std::to_string(i));
  EXPECT_EQ(describe({.log_stream_name_prefix = "job/"}).next_token, std::nullopt);
  EXPECT_EQ(describe({.log_stream_name_prefix = "job/", .limit = 50}).next_token, std::nullopt);
  EXPECT_NE(describe({.log_stream_name_prefix = "job/", .limit = 49}).next_token, std::nullopt);
}

TEST_F(LogsTest, StreamsPageInEveryOrder) {
  stream("b", {"x"});
  stream("c", {"x"});
  stream("a", {"x"});
  stream("d");
  const auto all = [&](const char* order, bool descending) {
    std::vector<std::string> found;
    api::DescribeLogStreamsRequest request{.order_by = order, .descending = descending, .limit = 1};
    do {
      const auto page = describe(request);
      const auto listed = names(page);
      found.insert(found.end(), listed.begin(), listed.end());
      request.next_token = page.next_token;
    } while (request.next_token && found.size() < 10);
    return found;
  };
  EXPECT_THAT(all("LogStreamName", false), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(all("LogStreamName", true), ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(all("LastEventTime", false), ElementsAre("d", "b", "c", "a"));
  EXPECT_THAT(all("LastEventTime", true), ElementsAre("a", "c", "b", "d"));
}

TEST_F(LogsTest, AStreamSaysWhereAndWhenItIs) {
  stream("job/algo-1", {"x"});
  const api::LogStream found = describe({}).log_streams->at(0);
  EXPECT_EQ(found.arn,
            "arn:aws:logs:us-west-2:000000000000:log-group:/aws/sagemaker/TrainingJobs:"
            "log-stream:job/algo-1");
  EXPECT_EQ(found.creation_time, 1'700'000'000'001);
  EXPECT_EQ(found.last_event_timestamp, found.creation_time);
}

TEST_F(LogsTest, AGroupIsNamedOnce) {
  stream("s");
  const std::string arn = std::string("arn:aws:logs:us-west-2:000000000000:log-group:") + kGroup;
  for (const std::string& identifier : {arn, arn + ":*", std::string(kGroup)}) {
    EXPECT_THAT(names(describe({.log_group_identifier = identifier})), ElementsAre("s"));
  }
  for (const auto& request :
       {api::DescribeLogStreamsRequest{},
        api::DescribeLogStreamsRequest{.log_group_name = "a", .log_group_identifier = "b"}}) {
    EXPECT_EQ(logs_.describe_streams(request, context_).error().code, "InvalidParameterException");
  }
}

TEST_F(LogsTest, AGroupOfAnotherAccountOrRegionIsNotHere) {
  stream("s");
  for (const char* place : {"us-west-2:111111111111", "us-east-1:000000000000"}) {
    const std::string arn = std::string("arn:aws:logs:") + place + ":log-group:" + kGroup;
    const auto refused = logs_.describe_streams({.log_group_identifier = arn}, context_);
    ASSERT_FALSE(refused.ok()) << arn;
    EXPECT_EQ(refused.error().kind, ErrorCode::kNotFound);
    EXPECT_EQ(refused.error().message, "The specified log group does not exist.");
  }
}

TEST_F(LogsTest, BadRequestsAreRefused) {
  stream("s");
  auto refused = logs_.describe_streams({.log_group_name = "none"}, context_);
  EXPECT_EQ(refused.error().kind, ErrorCode::kNotFound);
  EXPECT_EQ(refused.error().message, "The specified log group does not exist.");
  refused = logs_.describe_streams({.log_group_name = kGroup, .next_token = "xyz"}, context_);
  EXPECT_EQ(refused.error().message, "The specified nextToken is invalid.");
  refused = logs_.describe_streams(
      {.log_group_name = kGroup, .log_stream_name_prefix = "p", .order_by = "LastEventTime"},
      context_);
  EXPECT_EQ(refused.error().message, "Cannot order by LastEventTime with a logStreamNamePrefix.");
}

TEST_F(LogsTest, APageOfAPatternThatTakesLongEndsWithAToken) {
  const std::string slow = std::string(100, 'a') + '!';
  std::vector<std::string> lines(150, slow);
  lines.emplace_back("aaa");
  stream("s", lines);
  LogsFilter filter(store_);
  api::FilterLogEvents::Request request;
  request.log_group_name = kGroup;
  request.filter_pattern = "%^(a+)+$%";
  int pages = 0;
  std::vector<std::string> found;
  do {
    auto page = filter.filter(request, context_);
    ASSERT_TRUE(page.ok());
    for (const auto& event : *page->events) found.push_back(*event.message);
    request.next_token = page->next_token;
    ++pages;
  } while (request.next_token && pages < 10);
  EXPECT_THAT(found, ElementsAre("aaa"));
  EXPECT_EQ(pages, 2);
}

TEST_F(LogsTest, WhatComesAtTheTimeWhereAPageEndedMakesNothingComeTwice) {
  const LogGroup group(kGroup);
  const auto put = [&](const char* name, const std::string& line) {
    ASSERT_TRUE(store_.append_timed(group, LogStream(name), {{1'700'000'000'000, line}}).ok());
  };
  for (const char* name : {"job/a", "job/b"}) {
    ASSERT_TRUE(store_.create_stream(group, LogStream(name)).ok());
    put(name, std::string(name) + "1");
    put(name, std::string(name) + "2");
  }
  LogsFilter filter(store_);
  api::FilterLogEvents::Request request;
  request.log_group_name = kGroup;
  request.limit = 3;
  auto first = filter.filter(request, context_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->events->back().message, "job/b1");
  request.next_token = first->next_token;
  const auto next = [&] {
    std::vector<std::string> lines;
    auto page = filter.filter(request, context_);
    EXPECT_TRUE(page.ok());
    for (const auto& event : *page->events) lines.push_back(*event.message);
    return lines;
  };
  EXPECT_THAT(next(), ElementsAre("job/b2"));
  put("job/a", "before the place");
  put("job/b", "job/b3");
  EXPECT_THAT(next(), ElementsAre("job/b2", "job/b3"));
  for (const char* token : {"1", "1/2", "x/1/s", "1/-1/s"}) {
    request.next_token = token;
    EXPECT_EQ(filter.filter(request, context_).error().code, "InvalidParameterException") << token;
  }
}

// The loop of SDK v2 (sagemaker.logs.log_stream): from a time on, until a page without events.
TEST_F(LogsTest, EventsAreServedUntilTheSameTokenComesBack) {
  stream("s", {"one", "two", "three"});
  api::GetLogEventsRequest request{.log_group_name = kGroup,
                                   .log_stream_name = "s",
                                   .start_time = 0,
                                   .limit = 2,
                                   .start_from_head = true};
  std::vector<std::string> seen;
  while (true) {
    const auto page = logs_.get_events(request, context_).value();
    if (page.events->empty()) {
      EXPECT_EQ(page.next_forward_token, request.next_token);
      break;
    }
    for (const auto& event : *page.events) {
      EXPECT_EQ(event.timestamp, 1'700'000'000'001);
      seen.push_back(*event.message);
    }
    request.next_token = page.next_forward_token;
  }
  EXPECT_THAT(seen, ElementsAre("one", "two", "three"));
  stream("s", {"four"});
  EXPECT_EQ(logs_.get_events(request, context_)->events->at(0).message, "four");
}

TEST_F(LogsTest, EventsOfWhatIsAbsentAreRefused) {
  stream("s");
  auto refused = logs_.get_events({.log_group_name = kGroup, .log_stream_name = "none"}, context_);
  EXPECT_EQ(refused.error().kind, ErrorCode::kNotFound);
  EXPECT_EQ(refused.error().message, "The specified log stream does not exist.");
  refused = logs_.get_events(
      {.log_group_name = kGroup, .log_stream_name = "s", .next_token = "f/0/9"}, context_);
  EXPECT_EQ(refused.error().kind, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace clary::services
