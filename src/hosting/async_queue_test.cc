// Calls that are answered later: their order, their answers, their failures, and what a restart
// leaves of them.
#include "hosting/async_queue.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"
#include "domain/fake_endpoint_store.h"
#include "domain/fake_record_store.h"
#include "hosting/fake_endpoint_calls.h"
#include "hosting/fake_role_objects.h"
#include "telemetry/fake_log_store.h"

namespace clary::hosting {
namespace {

using std::chrono::seconds;

class AsyncQueueTest : public testing::Test {
 protected:
  AsyncQueueTest() {
    EXPECT_TRUE(endpoints_.create_endpoint({.name = EndpointName("E"), .id = "id"}).ok());
    calls_.set_answer(EndpointAnswer{
        .content_type = "text/csv", .variant = "v", .container = "c", .body = "out"});
    objects_.put("s3://b/in", {.content_type = "text/csv", .body = "1,2"});
    restart();
  }
  // As after a restart of the server.
  void restart() {
    posted_.clear();
    queue_ = std::make_unique<AsyncQueue>(AsyncQueue::Parts{
        .records = records_,
        .endpoints = endpoints_,
        .calls = calls_,
        .objects = objects_,
        .log = log_,
        .metrics = metrics_,
        .ids = ids_,
        .clock = clock_,
        .logger = silent_logger(),
        .rules = [this](const EndpointName&) { return rules_; },
        .all_rules =
            [this] {
              return rules_.ok() ? std::vector<AsyncRules>{*rules_} : std::vector<AsyncRules>{};
            },
        .post =
            [this](std::function<void()> work) {
              posted_.push_back(std::move(work));
              return true;
            },
        .held_bytes = 6});
    ASSERT_TRUE(queue_->read().ok());
  }
  static AsyncRules rules() {
    AsyncRules rules{.endpoint = EndpointName("E"), .endpoint_id = "id", .variant = "v"};
    rules.rules = {.output_uri = "s3://b/out/", .failure_uri = "s3://b/bad", .max_concurrent = 2};
    rules.role = "arn:role";
    rules.instances = 1;
    return rules;
  }
  AsyncTicket submit(const std::string& id = "i") {
    AsyncCall call;
    call.endpoint = EndpointName("e");
    call.inference_id = id;
    call.input_uri = "s3://b/in";
    call.content_type = "text/csv";
    clock_.advance(Duration(1));
    return queue_->submit(call).value();
  }
  // Carries out what the queue has begun; how much that was.
  std::size_t run() {
    std::vector<std::function<void()>> works;
    works.swap(posted_);
    for (const auto& work : works) work();
    return works.size();
  }
  std::size_t look_and_run() {
    queue_->look();
    return run();
  }
  std::string object(const std::string& uri) {
    const auto all = objects_.objects();
    return all.contains(uri) ? all.at(uri).body : "none";
  }
  std::size_t kept() { return domain::list_all(records_, "async-calls").value().size(); }
  Document last_event() {
    const auto lines = logs_.lines(LogGroup("/aws/sagemaker/Endpoints/E"), LogStream("v/data-log"));
    return lines.empty() ? Document() : parse_json(lines.back()).value();
  }

  // What is measured of the endpoint: by name the value and the unit.
  std::map<std::string, std::pair<double, std::string>> measured() {
    std::map<std::string, std::pair<double, std::string>> all;
    for (const telemetry::SeriesSamples& one : metrics_.take(clock_.now())) {
      EXPECT_EQ(one.series.dimensions,
                (std::vector<std::pair<std::string, std::string>>{{"EndpointName", "E"}}));
      EXPECT_EQ(one.samples.size(), 1U);
      all[one.series.name] = {one.samples.at(0).value, one.series.unit};
    }
    return all;
  }

  ManualClock clock_;
  CountingIds ids_;
  EndpointMetrics metrics_;
  domain::FakeRecordStore records_;
  domain::FakeEndpointStore endpoints_;
  FakeEndpointCalls calls_;
  FakeRoleObjects objects_;
  telemetry::FakeLogStore logs_{clock_};
  EndpointLog log_{logs_, silent_logger()};
  Result<AsyncRules> rules_ = rules();
  std::vector<std::function<void()>> posted_;
  std::unique_ptr<AsyncQueue> queue_;
};

TEST_F(AsyncQueueTest, AnAnswerIsAnObjectAndAnEvent) {
  const AsyncTicket ticket = submit();
  EXPECT_EQ(ticket.output_uri, "s3://b/out/i.out");
  EXPECT_EQ(ticket.failure_uri, "s3://b/bad/i-error.out");
  EXPECT_EQ(look_and_run(), 1U);
  ASSERT_EQ(calls_.calls().size(), 1U);
  const EndpointCall call = calls_.calls()[0];
  EXPECT_EQ(call.body, "1,2");
  EXPECT_EQ(call.content_type, "text/csv");
  EXPECT_EQ(call.inference_id, "i");
  EXPECT_EQ(call.limit, std::chrono::minutes(15));
  EXPECT_EQ(object("s3://b/out/i.out"), "out");
  EXPECT_EQ(objects_.last_role(), "arn:role");
  EXPECT_EQ(last_event().string_or("invocationStatus", ""), "Completed");
  EXPECT_EQ(last_event().find("responseParameters")->string_or("outputLocation", ""),
            "s3://b/out/i.out");
  EXPECT_EQ(kept(), 0U);
  EXPECT_EQ(look_and_run(), 0U);
}

TEST_F(AsyncQueueTest, AnOutputMayBeNamedAndAnIdIsMade) {
  AsyncCall call;
  call.endpoint = EndpointName("e");
  call.body = "x";
  call.output_folder = "/a/b/";
  call.output_name = "y.json";
  const AsyncTicket ticket = queue_->submit(call).value();
  EXPECT_FALSE(ticket.inference_id.empty());
  EXPECT_EQ(ticket.output_uri, "s3://b/out/a/b/y.json");
  restart();
  look_and_run();
  EXPECT_EQ(calls_.calls().at(0).body, "x") << "a body is kept too";
}

TEST_F(AsyncQueueTest, InOrderAndNoMoreThanTheInstancesTake) {
  for (const char* id : {"a", "b", "c"}) submit(id);
  queue_->look();
  EXPECT_EQ(posted_.size(), 2U) << "two of one instance";
  queue_->look();
  EXPECT_EQ(posted_.size(), 2U);
  EXPECT_EQ(run(), 2U);
  EXPECT_EQ(look_and_run(), 1U);
  ASSERT_EQ(calls_.calls().size(), 3U);
  EXPECT_EQ(calls_.calls()[0].inference_id, "a");
  EXPECT_EQ(calls_.calls()[2].inference_id, "c");
}

TEST_F(AsyncQueueTest, WhatFailsIsAnObjectToo) {
  calls_.set_answer(EndpointAnswer{.status = 500, .container = "c", .body = "boom"});
  submit();
  look_and_run();
  EXPECT_EQ(object("s3://b/bad/i-error.out"),
            "Received server error (500) from c with message \"boom\"");
  EXPECT_EQ(object("s3://b/out/i.out"), "none");
  EXPECT_EQ(last_event().string_or("invocationStatus", ""), "Failed");
  EXPECT_NE(last_event().string_or("failureReason", "").find("boom"), std::string::npos);
  EXPECT_EQ(kept(), 0U);
  calls_.set_answer(timed_out("too slow"));
  submit("j");
  look_and_run();
  EXPECT_EQ(object("s3://b/bad/j-error.out"), "too slow");
}

TEST_F(AsyncQueueTest, AnInputThatIsNotThereFails) {
  AsyncCall call;
  call.endpoint = EndpointName("e");
  call.inference_id = "i";
  call.input_uri = "s3://b/other";
  ASSERT_TRUE(queue_->submit(call).ok());
  look_and_run();
  EXPECT_TRUE(calls_.calls().empty());
  EXPECT_EQ(object("s3://b/bad/i-error.out"), "s3://b/other: not there");
}

TEST_F(AsyncQueueTest, WhatCannotBeTakenNowIsTriedAgain) {
  calls_.set_answer(unavailable("no instance"));
  submit();
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(look_and_run(), 0U) << "after a pause";
  EXPECT_EQ(kept(), 1U);
  calls_.set_answer(EndpointAnswer{.variant = "v", .body = "out"});
  clock_.advance(seconds(1));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(object("s3://b/out/i.out"), "out");
}

TEST_F(AsyncQueueTest, WithoutInstancesItWaitsUntilItsTimeIsOver) {
  rules_->instances = 0;
  submit();
  EXPECT_EQ(look_and_run(), 0U);
  clock_.advance(std::chrono::hours(6) + seconds(1));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_TRUE(calls_.calls().empty());
  EXPECT_EQ(object("s3://b/bad/i-error.out"), "The request waited longer than its 21600 seconds.");
}

TEST_F(AsyncQueueTest, OneThatHasWaitedTooLongNeedsNotBeTheFirst) {
  rules_->instances = 0;
  submit("a");
  AsyncCall call;
  call.endpoint = EndpointName("e");
  call.inference_id = "b";
  call.input_uri = "s3://b/in";
  call.time_to_live = seconds(60);
  ASSERT_TRUE(queue_->submit(call).ok());
  clock_.advance(seconds(61));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(object("s3://b/bad/b-error.out"), "The request waited longer than its 60 seconds.");
  EXPECT_EQ(kept(), 1U);
}

TEST_F(AsyncQueueTest, AnInputBringsItsOwnContentType) {
  AsyncCall call;
  call.endpoint = EndpointName("e");
  call.input_uri = "s3://b/in";
  ASSERT_TRUE(queue_->submit(call).ok());
  look_and_run();
  EXPECT_EQ(calls_.calls().at(0).content_type, "text/csv");
  objects_.put("s3://b/in", {.content_type = "binary/octet-stream", .body = "1"});
  ASSERT_TRUE(queue_->submit(call).ok());
  look_and_run();
  EXPECT_EQ(calls_.calls().at(1).content_type, std::nullopt) << "S3's own says nothing";
}

TEST_F(AsyncQueueTest, InputsThatDoNotFitInMemoryWait) {
  objects_.put("s3://b/in", {.content_type = "text/csv", .body = "1,2,3"});
  submit("a");
  submit("b");
  queue_->look();
  ASSERT_EQ(posted_.size(), 2U);
  calls_.set_within([this] { posted_[1](); });
  posted_[0]();
  posted_.clear();
  ASSERT_EQ(calls_.calls().size(), 1U);
  EXPECT_EQ(kept(), 1U);
  clock_.advance(seconds(1));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(calls_.calls().size(), 2U);
  EXPECT_EQ(object("s3://b/out/b.out"), "out");
}

TEST_F(AsyncQueueTest, WhatWaitsIsMeasured) {
  using Measured = std::map<std::string, std::pair<double, std::string>>;
  rules_->instances = 2;
  queue_->look();
  EXPECT_EQ(measured(), (Measured{{"ApproximateBacklogSize", {0, "Count"}},
                                  {"ApproximateBacklogSizePerInstance", {0, "Count"}},
                                  {"ApproximateAgeOfOldestRequest", {0, "Seconds"}},
                                  {"HasBacklogWithoutCapacity", {0, "Count"}}}));
  for (const char* id : {"a", "b", "c", "d", "e"}) submit(id);
  queue_->look();
  clock_.advance(seconds(3));
  queue_->look();
  EXPECT_EQ(measured(), (Measured{{"ApproximateBacklogSize", {5, "Count"}},
                                  {"ApproximateBacklogSizePerInstance", {2.5, "Count"}},
                                  {"ApproximateAgeOfOldestRequest", {3, "Seconds"}},
                                  {"HasBacklogWithoutCapacity", {0, "Count"}}}))
      << "four are under way";
  rules_->instances = 0;
  queue_->look();
  EXPECT_EQ(measured().at("HasBacklogWithoutCapacity").first, 1);
  rules_ = not_found("gone");
  queue_->look();
  EXPECT_TRUE(measured().empty());
}

TEST_F(AsyncQueueTest, AnAnswerThatCannotBeWrittenNowIsMadeAgain) {
  submit();
  queue_->look();
  calls_.set_within([this] { objects_.fail_with(unavailable("no room")); });
  run();
  EXPECT_EQ(kept(), 1U);
  objects_.fail_with({});
  clock_.advance(seconds(1));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(object("s3://b/out/i.out"), "out");
  EXPECT_EQ(kept(), 0U);
}

TEST_F(AsyncQueueTest, AFailureThatCannotBeWrittenNowIsTriedAgainWhileItsTimeLasts) {
  calls_.set_answer(EndpointAnswer{.status = 500, .container = "c", .body = "boom"});
  submit();
  queue_->look();
  calls_.set_within([this] { objects_.fail_with(unavailable("no room")); });
  run();
  EXPECT_EQ(kept(), 1U);
  EXPECT_TRUE(last_event().string_or("invocationStatus", "").empty());
  clock_.advance(std::chrono::hours(6) + seconds(1));
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(kept(), 0U);
  EXPECT_NE(last_event().string_or("failureReason", "").find("no room"), std::string::npos);
}

TEST_F(AsyncQueueTest, HoweverManyWaitedAtTheEndAreReadAgain) {
  for (int i = 0; i < 250; ++i) submit(std::to_string(i));
  restart();
  queue_->look();
  EXPECT_EQ(measured().at("ApproximateBacklogSize").first, 250);
}

TEST_F(AsyncQueueTest, OneThatCannotBeReadHindersNoOther) {
  ASSERT_TRUE(records_.put("async-calls", {.key = "0", .text = "?"}).ok());
  submit();
  restart();
  EXPECT_EQ(look_and_run(), 1U);
  EXPECT_EQ(object("s3://b/out/i.out"), "out");
}

TEST_F(AsyncQueueTest, ARestartLosesNothing) {
  submit("a");
  submit("b");
  queue_->look();  // begun, and never carried out
  restart();
  EXPECT_EQ(look_and_run(), 2U);
  ASSERT_EQ(calls_.calls().size(), 2U);
  EXPECT_EQ(calls_.calls()[0].inference_id, "a");
  EXPECT_EQ(kept(), 0U);
}

TEST_F(AsyncQueueTest, WhatFailsBecauseTheServerStopsIsKept) {
  submit();
  queue_->look();
  queue_->stop();
  calls_.set_answer(internal_error("broke off"));
  EXPECT_EQ(run(), 1U);
  EXPECT_EQ(kept(), 1U);
  EXPECT_EQ(object("s3://b/bad/i-error.out"), "none");
}

TEST_F(AsyncQueueTest, WhatWaitsForAnEndpointGoesWithIt) {
  submit();
  rules_ = not_found("not looked at yet");
  look_and_run();
  EXPECT_EQ(kept(), 1U) << "it is written down, and comes back";
  ASSERT_TRUE(endpoints_.remove_endpoint(EndpointName("E")).ok());
  look_and_run();
  EXPECT_EQ(kept(), 0U);
}

TEST_F(AsyncQueueTest, WhatCannotBeKeptIsNotTaken) {
  records_.set_broken(true);
  AsyncCall call;
  call.endpoint = EndpointName("e");
  EXPECT_EQ(queue_->submit(call).error().code, ErrorCode::kUnavailable);
  records_.set_broken(false);
  rules_ = invalid_argument("It takes none.");
  EXPECT_EQ(queue_->submit(call).error().message, "It takes none.");
}

TEST_F(AsyncQueueTest, WhatIsForgottenWhileItIsUnderWayDoesNotComeBack) {
  submit();
  queue_->look();
  calls_.set_answer(unavailable("no instance"));
  calls_.set_within([this] { queue_->clear(); });
  EXPECT_EQ(run(), 1U);
  clock_.advance(seconds(1));
  EXPECT_EQ(look_and_run(), 0U);
}

TEST_F(AsyncQueueTest, WhatIsForgottenIsNotCarriedOut) {
  submit();
  queue_->clear();
  EXPECT_EQ(look_and_run(), 0U);
}

}  // namespace
}  // namespace clary::hosting
