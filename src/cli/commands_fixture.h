// The fixture of the commands' tests: a server that the test plays, and what they print.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "cli/commands.h"
#include "net/fake_server.h"
#include "net/server.h"

namespace clary::cli {

// Answers operations with the replies that a test has lined up; the last one of an operation stays.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest()
      : handler_([this](const net::RequestHead& head) { return answer(head); }),
        terminal_(
            {}, [this](std::string_view text) { out_ += text; },
            [this](std::string_view text) { err_ += text; }) {
    tools_.clock = &clock_;
    tools_.root_key = [](const std::string&) -> Result<KeyPair> {
      return KeyPair{.id = AccessKeyId("AKIATEST"), .secret = Secret("secret")};
    };
    tools_.client_hook = [](const std::string&) -> Result<std::string> {
      return std::string("/hook/clary_hook");
    };
    tools_.settings = [](const Site&) -> Result<Tools::SettingsSeen> {
      return Tools::SettingsSeen{};
    };
    tools_.environments.list = [](const Site&) -> Result<std::vector<EnvironmentRow>> {
      return std::vector<EnvironmentRow>{{.name = "default",
                                          .origin = "PATH",
                                          .python = "/usr/bin/python3",
                                          .version = "3.11",
                                          .packages = {{"torch", "2.13.0"}},
                                          .problem = ""}};
    };
  }

  void start_server() {
    server_ = std::make_unique<net::Server>(handler_, silent_logger());
    const auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound.ok());
    ASSERT_TRUE(write_file_atomically(folder_.path() + "/server.json",
                                      to_json(Document::object({{"address", *bound}, {"pid", 1}})))
                    .ok());
  }

  // As a running server does.
  void hold_lock() {
    auto lock = open_file(folder_.path() + "/lock", O_RDWR | O_CREAT);
    ASSERT_TRUE(lock.ok());
    ASSERT_EQ(::flock(lock->get(), LOCK_EX | LOCK_NB), 0);
    lock_ = std::move(*lock);
  }

  void reply(const std::string& operation, std::vector<std::string> bodies, int status = 200) {
    replies_[operation] = {std::move(bodies), status};
  }

  Context context(bool json = false) {
    return {.tools = tools_, .terminal = terminal_, .data_folder = folder_.path(), .json = json};
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  Tools tools_;
  std::string out_;
  std::string err_;
  std::mutex mutex_;
  std::vector<std::string> asked_;  // "Operation body"
  std::function<void()> on_describe_;
  std::string series_ = R"({"series":[{"name":"loss","points":[[1,2],[2,1]]}]})";

 private:
  struct Lined {
    std::vector<std::string> bodies;
    int status = 200;
    std::size_t next = 0;
  };

  net::StartOutcome answer(const net::RequestHead& head) {
    if (head.target == "/readyz") return net::text_reply("ready");
    if (head.target == "/_clary/jobs/training-job/j")
      return net::text_reply(R"({"events":[{"time":1,"message":"m"}]})");
    if (head.target == "/_clary/jobs/training-job/j/series") return net::text_reply(series_);
    const std::string target(head.headers.get("X-Amz-Target"));
    const bool is_signed =
        head.headers.get("Authorization").find("Credential=AKIATEST/") != std::string_view::npos;
    return std::unique_ptr<net::RequestSink>(
        std::make_unique<net::FakeSink>([this, target, is_signed](const std::string& body) {
          const std::scoped_lock lock(mutex_);
          const std::string operation = target.substr(target.find('.') + 1);
          asked_.push_back(operation + " " + body);
          if (operation == "DescribeTrainingJob" && on_describe_) on_describe_();
          if (!is_signed) return net::text_reply(R"({"message":"not signed"})", 403);
          Lined& lined = replies_[operation];
          if (lined.bodies.empty()) return net::text_reply(R"({"message":"unexpected"})", 500);
          const std::string text = lined.bodies[std::min(lined.next++, lined.bodies.size() - 1)];
          return net::text_reply(text, lined.status);
        }));
  }

  std::map<std::string, Lined> replies_;
  net::FakeHandler handler_;
  std::unique_ptr<net::Server> server_;
  Fd lock_;

 protected:
  Terminal terminal_;
};

}  // namespace clary::cli
