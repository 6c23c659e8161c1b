// A server on a free port with a handler made of a function, for the server's tests.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/fake_server.h"
#include "net/server.h"

namespace clary::net {

inline constexpr std::string_view kHeadEnd = "\r\n\r\n";

inline StartOutcome sink(std::function<Reply(std::string)> answer,
                         std::size_t limit_bytes = SIZE_MAX) {
  return std::unique_ptr<RequestSink>(std::make_unique<FakeSink>(std::move(answer), limit_bytes));
}

// Answers with the request's method, target and body.
inline StartOutcome echo(const RequestHead& head) {
  return sink([line = head.method + " " + head.target + " "](const std::string& body) {
    return text_reply(line + body);
  });
}

class ServerTest : public testing::Test {
 protected:
  void serve(std::function<StartOutcome(RequestHead)> start, ServerLimits limits = {}) {
    handler_ = std::make_unique<FakeHandler>(std::move(start));
    handler_->quick = quick_;
    server_ = std::make_unique<Server>(*handler_, silent_logger(), limits);
    auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    address_ = *bound;
  }

  RawConnection connect() { return RawConnection(address_); }

  // Sends, ends its side, and reads everything.
  std::string ask(std::string_view bytes) {
    RawConnection connection = connect();
    connection.send(bytes);
    connection.end_sending();
    return connection.read_to_end();
  }

  bool quick_ = false;  // whether handlers are called on the event loop
  std::unique_ptr<FakeHandler> handler_;
  std::unique_ptr<Server> server_;
  std::string address_;
};

// With handlers on the pool, and on the event loop.
class EveryServerTest : public ServerTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { quick_ = GetParam(); }
};

inline std::string name_of_handlers(const testing::TestParamInfo<bool>& info) {
  return info.param ? "OnLoop" : "OnPool";
}

}  // namespace clary::net
