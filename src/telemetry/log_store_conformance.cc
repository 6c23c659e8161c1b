#include "telemetry/log_store_conformance.h"

#include <gmock/gmock.h>

#include "base/time_text.h"
#include "telemetry/log_block.h"

namespace clary::telemetry {

using testing::ElementsAre;
using testing::IsEmpty;

LogStoreCase log_store_case(std::function<std::shared_ptr<LogStore>(const Clock& clock)> make) {
  return {std::move(make)};
}

void LogStoreConformance::SetUp() {
  store_ = GetParam().make(clock_);
  ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
}

void LogStoreConformance::append(const std::vector<std::string>& lines) {
  ASSERT_TRUE(store_->append(group_, stream_, lines, std::nullopt).ok());
}

void LogStoreConformance::put(const std::vector<TimedLine>& lines) {
  ASSERT_TRUE(store_->append_timed(group_, stream_, lines).ok());
}

EventsPage LogStoreConformance::page(EventsRequest request) {
  request.group = group_;
  request.stream = stream_;
  auto page = store_->events(request);
  EXPECT_TRUE(page.ok()) << page.error().message;
  return page.ok() ? *page : EventsPage{};
}

std::vector<std::string> LogStoreConformance::messages(const EventsPage& page) {
  std::vector<std::string> messages;
  for (const LogEvent& event : page.events) messages.push_back(event.message);
  return messages;
}

// Other folders' tests link the fakes, and these cases with them.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LogStoreConformance);

TEST_P(LogStoreConformance, TheForwardTokenYieldsWhatArrivesLater) {
  append({"one", "two"});
  const EventsPage first = page({.from_head = true});
  EXPECT_THAT(messages(first), ElementsAre("one", "two"));

  const EventsPage end = page({.from_head = true, .token = first.forward_token});
  EXPECT_THAT(end.events, IsEmpty());
  EXPECT_EQ(end.forward_token, first.forward_token);

  append({"three"});
  const EventsPage next = page({.from_head = true, .token = end.forward_token});
  EXPECT_THAT(messages(next), ElementsAre("three"));
  EXPECT_NE(next.forward_token, end.forward_token);
}

TEST_P(LogStoreConformance, AnEmptyStreamHasTokensToo) {
  for (const bool from_head : {true, false}) {
    const EventsPage empty = page({.from_head = from_head});
    EXPECT_THAT(empty.events, IsEmpty());
    append({"x"});
    EXPECT_THAT(messages(page({.token = empty.forward_token})), ElementsAre("x"));
    ASSERT_TRUE(store_->clear().ok());
    ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
  }
}

TEST_P(LogStoreConformance, WithoutATokenTheTailIsServedAndPagesGoBack) {
  append({"1", "2", "3"});
  append({"4", "5"});
  const EventsPage last = page({.limit = 2});
  EXPECT_THAT(messages(last), ElementsAre("4", "5"));
  const EventsPage before = page({.token = last.backward_token, .limit = 2});
  EXPECT_THAT(messages(before), ElementsAre("2", "3"));
  EXPECT_THAT(messages(page({.token = before.forward_token})), ElementsAre("4", "5"));
  const EventsPage head = page({.token = before.backward_token, .limit = 2});
  EXPECT_THAT(messages(head), ElementsAre("1"));
  const EventsPage beyond = page({.token = head.backward_token});
  EXPECT_THAT(beyond.events, IsEmpty());
  EXPECT_EQ(beyond.backward_token, head.backward_token);
}

TEST_P(LogStoreConformance, PagesAreOrderedWholeAndWithinTheLimit) {
  std::vector<std::string> sent;
  for (int batch = 0; batch < 7; ++batch) {
    std::vector<std::string> lines;
    for (int i = 0; i <= batch; ++i) lines.push_back(std::to_string(batch * 10 + i));
    append(lines);
    clock_.advance(std::chrono::seconds(1));
    sent.insert(sent.end(), lines.begin(), lines.end());
  }
  for (std::size_t limit = 1; limit < 30; ++limit) {
    std::vector<std::string> got;
    std::string token;
    while (true) {
      const EventsPage part = page({.from_head = true, .token = token, .limit = limit});
      if (part.events.empty()) break;
      EXPECT_LE(part.events.size(), limit);
      const auto lines = messages(part);
      got.insert(got.end(), lines.begin(), lines.end());
      token = part.forward_token;
    }
    EXPECT_EQ(got, sent) << limit;
  }
}

TEST_P(LogStoreConformance, APageEndsAtOneMebibyte) {
  append(std::vector<std::string>(9, std::string(200'000, 'x')));
  const EventsPage first = page({.from_head = true});
  EXPECT_EQ(first.events.size(), 5U);
  EXPECT_EQ(page({.token = first.forward_token}).events.size(), 4U);
}

TEST_P(LogStoreConformance, TimesAreInclusiveAndExclusive) {
  const std::int64_t t = to_epoch_milliseconds(clock_.now());
  append({"a", "b"});
  clock_.advance(std::chrono::milliseconds(10));
  append({"c"});
  clock_.advance(std::chrono::milliseconds(10));
  append({"d"});
  EXPECT_THAT(messages(page({.start_ms = t + 10, .from_head = true})), ElementsAre("c", "d"));
  EXPECT_THAT(messages(page({.start_ms = t + 1, .end_ms = t + 20})), ElementsAre("c"));
  EXPECT_THAT(messages(page({.end_ms = t + 10, .limit = 1})), ElementsAre("b"));
  EXPECT_THAT(page({.start_ms = t + 15, .end_ms = t + 11}).events, IsEmpty());
  const EventsPage later = page({.start_ms = t + 30, .from_head = true});
  EXPECT_THAT(later.events, IsEmpty());
  clock_.advance(std::chrono::milliseconds(20));
  append({"e"});
  EXPECT_THAT(messages(page({.start_ms = t + 30, .from_head = true, .token = later.forward_token})),
              ElementsAre("e"));
}

TEST_P(LogStoreConformance, TimestampsNeverGoBack) {
  append({"a"});
  const std::int64_t t = page({}).events.at(0).timestamp_ms;
  clock_.advance(std::chrono::seconds(-60));
  append({"b"});
  EXPECT_EQ(page({}).events.at(1).timestamp_ms, t);
}

TEST_P(LogStoreConformance, LinesThatBringTheirTimesAreReadByThem) {
  const std::int64_t t = to_epoch_milliseconds(clock_.now());
  put({{t - 5, "a"}, {t - 5, "b"}, {t - 3, "d"}});
  const EventsPage early = page({.from_head = true});
  put({{t - 9, "0"}, {t - 5, "c"}, {t + 7, "e"}});
  const std::vector<std::string> all = {"0", "a", "b", "c", "d", "e"};
  const EventsPage whole = page({.from_head = true});
  EXPECT_EQ(messages(whole), all);
  EXPECT_EQ(whole.events.front().timestamp_ms, t - 9);
  EXPECT_EQ(whole.events.front().ingestion_ms, t);
  EXPECT_EQ(whole.events.back().timestamp_ms, t + 7);
  EXPECT_THAT(messages(page({.start_ms = t - 5, .end_ms = t - 3})), ElementsAre("a", "b", "c"));
  // A token goes on from where it stands, past what came late.
  EXPECT_THAT(messages(page({.token = early.forward_token})), ElementsAre("e"));
  EXPECT_THAT(messages(page({.token = early.backward_token})), ElementsAre("0"));
  for (std::size_t limit = 1; limit < 4; ++limit) {
    std::vector<std::string> forward;
    EventsPage part = page({.from_head = true, .limit = limit});
    for (; !part.events.empty(); part = page({.token = part.forward_token, .limit = limit})) {
      for (const std::string& message : messages(part)) forward.push_back(message);
    }
    EXPECT_EQ(forward, all);
    std::vector<std::string> backward;
    part = page({.limit = limit});
    for (; !part.events.empty(); part = page({.token = part.backward_token, .limit = limit})) {
      const std::vector<std::string> lines = messages(part);
      backward.insert(backward.begin(), lines.begin(), lines.end());
    }
    EXPECT_EQ(backward, all);
  }
  const StreamSummary summary = store_->streams(group_, "", "", 1).value().at(0);
  EXPECT_EQ(summary.first_event_ms, t - 9);
  EXPECT_EQ(summary.last_event_ms, t + 7);
  EXPECT_EQ(summary.last_ingestion_ms, t);
}

TEST_P(LogStoreConformance, LinesWithoutATimeComeAfterThoseOfTheFuture) {
  const std::int64_t t = to_epoch_milliseconds(clock_.now());
  put({{t + 60'000, "a"}});
  append({"b"});
  const EventsPage both = page({.from_head = true});
  EXPECT_THAT(messages(both), ElementsAre("a", "b"));
  EXPECT_EQ(both.events.at(1).timestamp_ms, t + 60'000);
  EXPECT_EQ(both.events.at(1).ingestion_ms, t);
}

TEST_P(LogStoreConformance, ARecordIsTakenOnce) {
  const auto send = [&](std::uint64_t number, const std::string& line) {
    return store_->append(group_, stream_, {line}, RecordSource{"gang/algo-1", number}).ok();
  };
  EXPECT_TRUE(send(1, "a"));
  EXPECT_TRUE(send(2, "b"));
  EXPECT_TRUE(send(2, "again"));
  EXPECT_TRUE(send(1, "again"));
  EXPECT_TRUE(store_->append(group_, stream_, {"other"}, RecordSource{"gang/algo-2", 1}).ok());
  EXPECT_THAT(messages(page({})), ElementsAre("a", "b", "other"));
}

TEST_P(LogStoreConformance, LinesAreKeptAsTheyAre) {
  append({"", "tab\tand 한글", "progress\r50%\r100%\r\n", std::string("bad\xff", 4),
          std::string(1, '\0')});
  EXPECT_THAT(messages(page({})), ElementsAre("", "tab\tand 한글", "progress\r50%\r100%",
                                              "bad\uFFFD", std::string(1, '\0')));
}

TEST_P(LogStoreConformance, ALineTooLongBecomesSeveralEvents) {
  const std::string line = "a" + std::string(kMaxEventBytes / 2, 'b') + std::string(200'000, 'c');
  append({line, "next"});
  std::string joined;
  for (const std::string& part : messages(page({}))) {
    EXPECT_LE(part.size(), kMaxEventBytes);
    joined += part;
  }
  EXPECT_EQ(joined, line + "next");
}

TEST_P(LogStoreConformance, StreamsAreSortedAndFiltered) {
  for (const char* name : {"job-2/algo-1", "job/algo-2", "other"}) {
    ASSERT_TRUE(store_->create_stream(group_, LogStream(name)).ok());
  }
  const auto names = [&](std::string_view prefix, std::string_view after, std::size_t limit) {
    std::vector<std::string> found;
    const auto summaries = store_->streams(group_, prefix, after, limit).value();
    for (const StreamSummary& summary : summaries) found.push_back(summary.name.value());
    return found;
  };
  EXPECT_THAT(names("job/", "", 50), ElementsAre("job/algo-1-1700000000", "job/algo-2"));
  EXPECT_THAT(names("", "", 2), ElementsAre("job-2/algo-1", "job/algo-1-1700000000"));
  EXPECT_THAT(names("", "job/algo-2", 50), ElementsAre("other"));
  EXPECT_THAT(names("zzz", "", 50), IsEmpty());
}

TEST_P(LogStoreConformance, AStreamSaysWhenItsEventsCame) {
  const std::int64_t t = to_epoch_milliseconds(clock_.now());
  StreamSummary summary = store_->streams(group_, "job/", "", 1).value().at(0);
  EXPECT_EQ(summary.created_ms, t);
  EXPECT_EQ(summary.first_event_ms, std::nullopt);
  clock_.advance(std::chrono::milliseconds(5));
  append({"a"});
  clock_.advance(std::chrono::milliseconds(5));
  append({"b"});
  ASSERT_TRUE(store_->create_stream(group_, stream_).ok());
  summary = store_->streams(group_, "job/", "", 1).value().at(0);
  EXPECT_EQ(summary.created_ms, t);
  EXPECT_EQ(summary.first_event_ms, t + 5);
  EXPECT_EQ(summary.last_event_ms, t + 10);
}

TEST_P(LogStoreConformance, WhatIsAbsentIsNotFound) {
  const LogGroup no_group("none");
  const LogStream no_stream("none");
  EXPECT_EQ(store_->streams(no_group, "", "", 1).error().message,
            "The specified log group does not exist.");
  EXPECT_EQ(store_->events({.group = no_group, .stream = stream_}).error().message,
            "The specified log group does not exist.");
  const auto absent = store_->events({.group = group_, .stream = no_stream});
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(absent.error().message, "The specified log stream does not exist.");
  EXPECT_EQ(store_->append(group_, no_stream, {"x"}, std::nullopt).error().code,
            ErrorCode::kNotFound);
}

TEST_P(LogStoreConformance, TakesTokensOfBeforeEventsBroughtTheirTimes) {
  for (const char* line : {"0", "1", "2", "3"}) {
    append({line});
    clock_.advance(std::chrono::milliseconds(10));
  }
  const auto from = [this](const char* token) {
    return messages(page({.from_head = true, .token = token}));
  };
  EXPECT_THAT(from("f/2"), ElementsAre("2", "3"));
  EXPECT_THAT(from("b/2"), ElementsAre("0", "1"));
  EXPECT_THAT(from("f/0"), ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(from("b/0"), IsEmpty());
  EXPECT_THAT(from("f/4"), IsEmpty());
  // What comes now lies where its time is.
  const std::int64_t now_ms = to_epoch_milliseconds(clock_.now());
  put({{now_ms - 35, "0.5"}, {now_ms, "4"}});
  EXPECT_THAT(from("f/4"), ElementsAre("4"));
  EXPECT_THAT(from("b/2"), ElementsAre("0", "0.5", "1"));
}

TEST_P(LogStoreConformance, RefusesTokensItNeverGave) {
  append({"x"});
  for (const char* token : {"x", "f/", "f/2", "f/-1", "b/1x", "g/0", "f/0/2", "f/0/-1", "f/-1/0",
                            "f/0/1x", "f/0/1/0", "g/0/0", "b/0/99999999999999999999"}) {
    const auto page = store_->events({.group = group_, .stream = stream_, .token = token});
    ASSERT_FALSE(page.ok()) << token;
    EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace clary::telemetry
