// The HTTP front over a real server and a FakeEngine: statuses, sentences, headers.
#include "serving/model_front.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/pipe.h"
#include "net/fake_server.h"
#include "serving/fake_engine.h"
#include "serving/one_model.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;
using Fault = LaneResult::Fault;

class ModelFrontTest : public testing::Test {
 protected:
  ~ModelFrontTest() override {
    gate_.open();
    if (model_ != nullptr) model_->stop();
    server_.reset();
  }

  void listen(FrontOptions options = {}, LiveModelOptions model = {}) {
    model_ = std::make_shared<LiveModel>(engine_, model, clock_, silent_logger(), metrics_);
    models_.set(model_);
    front_ = std::make_unique<ModelFront>(
        FrontParts{.models = models_, .log = log_, .clock = clock_, .ids = ids_}, options);
    server_ = std::make_unique<net::Server>(*front_, silent_logger());
    front_->counters = [this] { return server_->counters(); };
    const auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    address_ = *bound;
  }
  void serve(FrontOptions options = {}, LiveModelOptions model = {}) {
    listen(options, model);
    model_->start();
    const Duration deadline = clock_.steady() + seconds(10);
    while (!model_->readiness().ready && clock_.steady() < deadline) std::this_thread::yield();
    ASSERT_TRUE(model_->readiness().ready) << model_->readiness().sentence;
  }

  static std::string post(const std::string& body, const std::string& fields = "") {
    return "POST /invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string get(const std::string& path,
                         const std::string& fields = "Host: localhost\r\n") {
    return "GET " + path + " HTTP/1.1\r\nConnection: close\r\n" + fields + "\r\n";
  }
  std::string ask(const std::string& request) {
    net::RawConnection connection(address_);
    connection.send(request);
    return connection.read_to_end();
  }
  static void expect_status(const std::string& answer, int status, const std::string& said = "") {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << answer;
    EXPECT_NE(answer.find(said), std::string::npos) << answer;
  }

  SystemClock clock_;
  CountingIds ids_;
  FakeEngine engine_;
  Gate gate_;
  ModelMetrics metrics_;
  AccessLog log_{Fd(), clock_};
  OneModel models_{metrics_};
  std::shared_ptr<LiveModel> model_;
  std::unique_ptr<ModelFront> front_;
  std::unique_ptr<net::Server> server_;
  std::string address_;
};

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

TEST(AccessLine, HasTheStagesAndNothingThatLooksLikeAnotherLine) {
  AccessLine line{.id = "r1",
                  .peer = "127.0.0.1:4711",
                  .method = "POST",
                  .target = "/invocations?a=\"\n",
                  .status = 200,
                  .bytes_in = 7,
                  .bytes_out = 20,
                  .total = Duration(1500)};
  line.times.queue = Duration(100);
  EXPECT_EQ(access_line_text(TimePoint(seconds(1'700'000'000)), line),
            "2023-11-14T22:13:20.000Z 127.0.0.1:4711 \"POST /invocations?a=\\x22\\x0a\" 200 in=7 "
            "out=20 queue=0.1ms total=1.5ms id=r1");
}

TEST(AccessLog, DoesNotWaitForWhoDoesNotRead) {
  const SystemClock clock;
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe.ok());
  AccessLog log(std::move(pipe->writer), clock);
  const std::string target(1000, 'x');
  for (int i = 0; i < 1000; ++i) log.write({.id = "r1", .method = "GET", .target = target});
  char byte = 0;
  EXPECT_EQ(::read(pipe->reader.get(), &byte, 1), 1) << "lines arrive";
}  // and its end does not wait either

}  // namespace
}  // namespace clary::serving
