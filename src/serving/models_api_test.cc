// A server of many models over HTTP: who may manage them, and calls by their names.
#include "serving/models_api.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "net/fake_server.h"
#include "serving/fake_unit.h"
#include "serving/model_front.h"

namespace clary::serving {
namespace {

class ModelsApiTest : public testing::Test {
 protected:
  ~ModelsApiTest() override {
    manager_.stop();
    server_.reset();
  }

  void serve(ManagementAccess access) {
    api_ = std::make_unique<ModelsApi>(manager_, std::move(access));
    front_ = std::make_unique<ModelFront>(
        FrontParts{.models = manager_, .log = log_, .clock = clock_, .ids = ids_}, FrontOptions{});
    front_->many = api_.get();
    server_ = std::make_unique<net::Server>(*front_, silent_logger());
    const auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    address_ = *bound;
  }
  std::string ask(const std::string& line, const std::string& body = "",
                  const std::string& fields = "") {
    net::RawConnection connection(address_);
    connection.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.read_to_end();
  }
  static void expect_status(const std::string& answer, int status, const std::string& said = "") {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << answer;
    EXPECT_NE(answer.find(said), std::string::npos) << answer;
  }

  SystemClock clock_;
  CountingIds ids_;
  FakeOpener opener_{clock_};
  ModelManager manager_{
      opener_,
      {.roots = {.folders = {}, .from = "s3://b/m"}, .upkeep_interval = std::chrono::hours(1)},
      clock_,
      silent_logger()};
  AccessLog log_{Fd(), clock_};
  std::unique_ptr<ModelsApi> api_;
  std::unique_ptr<ModelFront> front_;
  std::unique_ptr<net::Server> server_;
  std::string address_;
};

TEST_F(ModelsApiTest, LoadsListsAndUnloads) {
  serve({.open = true, .token = ""});
  const std::string load = R"({"model_name": "a", "url": "s3://b/m/a"})";
  expect_status(ask("POST /models", load), 200, R"("modelName":"a")");
  expect_status(ask("POST /models", load), 409, "loaded already");
  expect_status(ask("POST /models", R"({"model_name": "b", "url": "/etc"})"), 403);
  expect_status(ask("POST /models", "[]"), 400);
  expect_status(ask("POST /models", R"({"model_name": "c", "url": "s3://b/m/c"})"), 200);
  expect_status(ask("GET /models/a"), 200, R"("modelUrl":"s3://b/m/a")");
  const std::string first = ask("GET /models?limit=1");
  expect_status(first, 200, R"("nextPageToken":"a")");
  const std::string second = ask("GET /models?limit=1&next_page_token=a");
  expect_status(second, 200, R"("modelName":"c")");
  EXPECT_EQ(second.find("nextPageToken"), std::string::npos) << second;
  expect_status(ask("PUT /models/a", R"({"pinned": true})"), 200, R"("pinned":true)");
  expect_status(ask("PUT /models/a", R"({"min_worker": 3})"), 400);
  expect_status(ask("DELETE /models/a"), 200);
  expect_status(ask("DELETE /models/a"), 404);
  expect_status(ask("GET /models/a"), 404);
}

TEST_F(ModelsApiTest, WantsItsToken) {
  serve({.open = false, .token = "s3cret"});
  expect_status(ask("GET /models"), 401);
  expect_status(ask("GET /models", "", "Authorization: Bearer wrong\r\n"), 401);
  expect_status(ask("DELETE /models/a", "", "Authorization: s3cret\r\n"), 401);
  expect_status(ask("GET /models", "", "Authorization: Bearer s3cret\r\n"), 200,
                R"({"models":[]})");
}

TEST_F(ModelsApiTest, WithoutATokenNobodyMayButCallsMay) {
  serve({});
  expect_status(ask("POST /models", R"({"model_name": "a", "url": "s3://b/m/a"})"), 403,
                "--management-token");
  expect_status(ask("POST /models/a/invoke", "abc"), 200, "\r\n\r\nabc");
}

TEST_F(ModelsApiTest, CallsNameTheirModel) {
  serve({});
  expect_status(ask("POST /models/x%2Fy.tar.gz/invoke", "abc"), 200, "\r\n\r\nabc");
  EXPECT_TRUE(manager_.find("x/y.tar.gz"));
  expect_status(ask("POST /invocations", "def", "X-Amzn-SageMaker-Target-Model: z.tar.gz\r\n"), 200,
                "def");
  EXPECT_TRUE(manager_.find("z.tar.gz"));
  expect_status(ask("POST /predictions/p", "ghi"), 200, "ghi");
  expect_status(ask("POST /invocations", "abc"), 400, "X-Amzn-SageMaker-Target-Model");
  expect_status(ask("GET /ping"), 200);
  expect_status(ask("GET /metrics"), 200, "model=\"z.tar.gz\"");
}

TEST_F(ModelsApiTest, NoCallThatMayAskTheDiskIsOnTheEventLoop) {
  serve({});
  const ModelFront of_one({.models = manager_, .log = log_, .clock = clock_, .ids = ids_}, {});
  const net::RequestHead invocation{.method = "POST", .target = "/invocations"};
  EXPECT_FALSE(front_->is_quick(invocation));
  EXPECT_FALSE(front_->is_quick({.method = "POST", .target = "/models/a/invoke"}));
  EXPECT_TRUE(front_->is_quick({.method = "GET", .target = "/ping"}));
  EXPECT_TRUE(of_one.is_quick(invocation));
}

}  // namespace
}  // namespace clary::serving
