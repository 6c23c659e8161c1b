// ModelFrontTest: an HTTP front over a real server and a FakeEngine, for this folder's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "net/fake_server.h"
#include "serving/fake_engine.h"
#include "serving/model_front.h"
#include "serving/one_model.h"

namespace clary::serving {

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
    const Duration deadline = clock_.steady() + std::chrono::seconds(10);
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

}  // namespace clary::serving
