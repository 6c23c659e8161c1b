// The HTTP front over a real server and a FakeEngine: statuses, sentences, headers.
#include "serving/model_front.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "serving/model_front_fixture.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;
using Fault = LaneResult::Fault;

TEST_F(ModelFrontTest, PingIs200OnlyOnceTheModelIsLoaded) {
  listen();
  const std::string before = ask(get("/ping"));
  expect_status(before, 503, "being loaded");
  EXPECT_NE(before.find("Retry-After: "), std::string::npos);
  expect_status(ask(post("x")), 503, "being loaded");
  model_->start();
  const Duration deadline = clock_.steady() + seconds(10);
  while (!model_->readiness().ready && clock_.steady() < deadline) std::this_thread::yield();
  const std::string after = ask(get("/ping"));
  expect_status(after, 200);
  EXPECT_TRUE(after.ends_with("\r\n\r\n")) << "no body";
}

TEST_F(ModelFrontTest, PingNamesAModelThatNoWorkerCouldLoad) {
  engine_.failure = [] { return std::optional<std::string>("boom model"); };
  listen();
  EXPECT_EQ(ask(get("/ping")).find("ModelLoadFailed"), std::string::npos) << "it is being loaded";
  model_->start();
  const Duration deadline = clock_.steady() + seconds(10);
  while (!model_->readiness().failed && clock_.steady() < deadline) std::this_thread::yield();
  const std::string ping = ask(get("/ping"));
  expect_status(ping, 503, "boom model");
  EXPECT_NE(ping.find(R"("type":"ModelLoadFailed")"), std::string::npos) << ping;
}

TEST_F(ModelFrontTest, PassesTheRequestOnAndTheAnswerBack) {
  engine_.on_run = [](FakeEngine::Batch batch) {
    LaneResult result;
    ModelAnswer answer = text_answer(*batch[0]->content_type + "|" + *batch[0]->accept + "|" +
                                     std::string(batch[0]->headers.get("x-mine")) + "|" +
                                     batch[0]->id + "|" + batch[0]->body.inside());
    answer.status = 422;
    answer.reason = "phr";
    answer.headers.add("X-Theirs", "yes");
    result.answers.push_back(std::move(answer));
    return result;
  };
  serve();
  const std::string answer =
      ask(post("abc", "Content-Type: a/b\r\nAccept: c/d\r\nX-Mine: 7\r\nX-Request-Id: me-1\r\n"));
  expect_status(answer, 422, "\r\n\r\na/b|c/d|7|me-1|abc");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 422 phr\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain\r\n"), std::string::npos);
  EXPECT_NE(answer.find("X-Theirs: yes\r\n"), std::string::npos);
  EXPECT_NE(answer.find("X-Request-Id: me-1\r\n"), std::string::npos);
}

TEST_F(ModelFrontTest, ALongReasonIsCutInTheHeadAndWholeInTheBody) {
  const std::string told(200'000, 'x');
  engine_.on_run = [&told](FakeEngine::Batch) {
    LaneResult result;
    ModelAnswer answer = text_answer(told);
    answer.status = 500;
    answer.reason = told;
    result.answers.push_back(std::move(answer));
    return result;
  };
  serve();
  const std::string answer = ask(post("abc"));
  expect_status(answer, 500);
  EXPECT_LT(answer.find("\r\n\r\n"), 8192U);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + told));
}

TEST_F(ModelFrontTest, ALargeBodyGoesThereAndBack) {
  serve();
  const std::string body(3 << 20, 'x');
  const std::string answer = ask(post(body));
  expect_status(answer, 200);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
}

TEST_F(ModelFrontTest, ABodyBeyondTheLimitIs413) {
  serve({.max_payload_bytes = 10});
  expect_status(ask(post("0123456789")), 200);
  expect_status(ask(post("0123456789a")), 413, "SAGEMAKER_MAX_PAYLOAD_IN_MB");
  const std::string chunked =
      "POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n";
  expect_status(ask(chunked), 413);
}

TEST_F(ModelFrontTest, ALargeBodyIsRefusedBeforeItIsSent) {
  serve({.max_payload_bytes = 10});
  const std::string answer =
      ask("POST /invocations HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
          "Content-Length: 1073741824\r\n\r\n");
  expect_status(answer, 413);
}

TEST_F(ModelFrontTest, AFullQueueIs503AtOnceWithRetryAfter) {
  engine_.on_run = [this](FakeEngine::Batch batch) {
    gate_.pass();
    return FakeEngine::echo(batch);
  };
  serve({}, {.queue = {.waiting = 1}});
  net::RawConnection running(address_);
  running.send(post("running"));
  ASSERT_TRUE(gate_.reached_by(1));
  net::RawConnection waits(address_);
  waits.send(post("waits"));
  const Duration deadline = clock_.steady() + seconds(10);
  while (model_->waiting() < 1 && clock_.steady() < deadline) std::this_thread::yield();
  const std::string refused = ask(post("third"));
  expect_status(refused, 503, "the queue is full");
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos) << refused;
  gate_.open();
  expect_status(running.read_to_end(), 200, "running");
  expect_status(waits.read_to_end(), 200, "waits");
}

TEST_F(ModelFrontTest, AWorkerThatEndsIsA500WithASentence) {
  engine_.on_run = [](FakeEngine::Batch) {
    return lane_fault(Fault::kEnded, "the model's process ended while it answered: SIGSEGV");
  };
  serve();
  const std::string answer = ask(post("x"));
  expect_status(answer, 500, "SIGSEGV");
  EXPECT_NE(answer.find(R"("type":"ModelError")"), std::string::npos) << answer;
}

TEST_F(ModelFrontTest, AWorkerThatTakesTooLongIsA504) {
  engine_.on_run = [](FakeEngine::Batch) { return lane_fault(Fault::kTooLong, "after 60 s"); };
  serve();
  expect_status(ask(post("x")), 504, "after 60 s");
}

TEST_F(ModelFrontTest, WhatIsNotThereAndWhatIsNotMeant) {
  serve();
  expect_status(ask(get("/")), 404, "/invocations");
  expect_status(ask(get("/models")), 404);
  const std::string wrong = ask(get("/invocations"));
  expect_status(wrong, 405);
  EXPECT_NE(wrong.find("Allow: POST\r\n"), std::string::npos);
}

// What the lanes see of where a request was sent.
LaneResult tell_path(FakeEngine::Batch batch) {
  LaneResult result;
  for (const ModelRequest* const request : batch) {
    result.answers.push_back(
        text_answer(request->method + "|" + request->path + "|" + request->body.inside()));
  }
  return result;
}

TEST_F(ModelFrontTest, PathsOfModelsGoToTheWorkers) {
  engine_.on_run = tell_path;
  serve();
  expect_status(ask(get("/v1/models/half/metadata")), 200, "\r\n\r\nGET|/v1/models/half/metadata|");
  expect_status(ask(get("/predictions/a%20b/1?x=1")), 200, "GET|/predictions/a%20b/1?x=1|");
  expect_status(ask("PUT /predictions/half HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    "Content-Length: 3\r\n\r\nabc"),
                200, "PUT|/predictions/half|abc");
  const std::string wrong = ask(get("/v1/models/half:predict"));
  expect_status(wrong, 405);
  EXPECT_NE(wrong.find("Allow: POST\r\n"), std::string::npos) << wrong;
  expect_status(ask(post("abc")), 200, "\r\n\r\n||abc");
}

TEST_F(ModelFrontTest, HealthOfTheV2ProtocolIsTheFronts) {
  listen();
  expect_status(ask(get("/v2/health/live")), 200);
  expect_status(ask(get("/v2/health/ready")), 503, "being loaded");
  model_->start();
  const Duration deadline = clock_.steady() + seconds(10);
  while (!model_->readiness().ready && clock_.steady() < deadline) std::this_thread::yield();
  expect_status(ask(get("/v2/health/ready")), 200);
}

TEST_F(ModelFrontTest, AModelThatIsNotThereYetIsBeingLoaded) {
  listen();
  models_.set(nullptr);
  expect_status(ask(get("/ping")), 503, "being loaded");
  expect_status(ask(post("x")), 503, "being loaded");
  expect_status(ask(get("/metrics")), 200, "clary_model_workers{state=\"ready\"} 0\n");
}

TEST_F(ModelFrontTest, AnApiDescriptionIsNotServed) {
  serve();
  expect_status(ask(get("/api-description")), 404, R"("type":"ResourceNotFoundException")");
}

TEST_F(ModelFrontTest, APageInABrowserMayNotAsk) {
  serve();
  expect_status(ask(get("/ping", "Host: evil.example\r\n")), 403, "evil.example");
  expect_status(ask(get("/ping", "Host: 127.0.0.1:8080\r\nOrigin: http://evil.example\r\n")), 403);
  expect_status(ask(post("x", "Origin: http://evil.example\r\n")), 403);
  expect_status(ask(get("/ping", "Host: [::1]:8080\r\nOrigin: http://[::1]:8080\r\n")), 200);
}

TEST_F(ModelFrontTest, MetricsCountWhatWasAnswered) {
  serve();
  expect_status(ask(post("x")), 200);
  expect_status(ask(get("/invocations")), 405);
  const std::string page = ask(get("/metrics"));
  expect_status(page, 200, "clary_model_requests_total{status=\"200\"} 1\n");
  EXPECT_NE(page.find("clary_model_stage_seconds_count{stage=\"queue\"} 1\n"), std::string::npos)
      << page;
  EXPECT_NE(page.find("clary_model_workers{state=\"ready\"} 1\n"), std::string::npos) << page;
}

}  // namespace
}  // namespace clary::serving
