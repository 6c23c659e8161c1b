// Who waits for whom: queues, slow clients, time limits, other people's sockets, the end.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "net/server_fixture.h"
#include "net/sockets.h"

namespace clary::net {
namespace {

using std::chrono::milliseconds;

class ServerWaitsTest : public ServerTest {
 protected:
  std::string fill_queue(std::function<Reply()> when_overloaded);
};

// What two requests are answered of which only one finds a place.
std::string ServerWaitsTest::fill_queue(std::function<Reply()> when_overloaded) {
  std::latch entered(1);
  std::latch released(1);
  std::atomic<bool> first{true};
  serve(
      [&](const RequestHead&) -> StartOutcome {
        if (first.exchange(false)) entered.count_down();
        released.wait();
        return text_reply("done");
      },
      {.handler_threads = 1, .handler_queue = 1});
  handler_->when_overloaded = std::move(when_overloaded);
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  RawConnection running = connect();
  running.send(request);
  entered.wait();
  // One of these waits for the thread; the other finds the queue full.
  RawConnection a = connect();
  a.send(request);
  RawConnection b = connect();
  b.send(request);
  while (server_->counters().requests_total < 3) std::this_thread::yield();
  released.count_down();
  std::string answers = a.read_to_end() + b.read_to_end();
  EXPECT_TRUE(running.read_to_end().starts_with("HTTP/1.1 200 "));
  // Whatever the one was told, the server goes on.
  EXPECT_TRUE(ask(request).starts_with("HTTP/1.1 200 "));
  return answers;
}

TEST_F(ServerWaitsTest, AFullQueueIsA503AtOnce) {
  const std::string answers = fill_queue([] { return Reply{.status = 503, .body = "too many"}; });
  EXPECT_NE(answers.find("HTTP/1.1 503 "), std::string::npos);
  EXPECT_NE(answers.find("HTTP/1.1 200 "), std::string::npos);
}

TEST_F(ServerWaitsTest, AHandlerThatThrowsWhenTheQueueIsFullEndsOneConnectionOnly) {
  const std::string answers =
      fill_queue([]() -> Reply { throw std::runtime_error("out of words"); });
  EXPECT_NE(answers.find("HTTP/1.1 500 "), std::string::npos);
  EXPECT_NE(answers.find("HTTP/1.1 200 "), std::string::npos);
}

TEST_F(ServerWaitsTest, AConnectionTooManyIsToldSo) {
  serve([](const RequestHead&) -> StartOutcome { return text_reply("done"); },
        {.connections = 10, .connections_per_peer = 2});
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RawConnection stays = connect();
  stays.send(request);
  EXPECT_TRUE(stays.read_until("done").starts_with("HTTP/1.1 200 "));
  {
    RawConnection goes = connect();
    goes.send(request);
    EXPECT_TRUE(goes.read_until("done").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(connect().read_to_end().starts_with("HTTP/1.1 503 "));
  }
  while (server_->counters().connections_open > 1) std::this_thread::yield();
  RawConnection again = connect();
  again.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(again.read_to_end().starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerWaitsTest, ClosesIdleAndStuckConnections) {
  std::latch dropped(1);  // one request comes as far as a sink
  struct Watched final : RequestSink {
    explicit Watched(std::latch& last) : dropped(last) {}
    ~Watched() override { dropped.count_down(); }
    Status write(std::string_view) override { return {}; }
    Reply finish() override { return text_reply("done"); }
    Reply rejected(const Error&) override { return text_reply("refused", 400); }
    std::latch& dropped;
  };
  serve(
      [&](const RequestHead&) -> StartOutcome {
        return std::unique_ptr<RequestSink>(std::make_unique<Watched>(dropped));
      },
      {.head_timeout = milliseconds(40), .body_timeout = milliseconds(40)});
  EXPECT_TRUE(connect().is_closed_by_peer());
  RawConnection half_head = connect();
  half_head.send("GET / HTT");
  EXPECT_TRUE(half_head.is_closed_by_peer());
  RawConnection half_body = connect();
  half_body.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123");
  EXPECT_TRUE(half_body.is_closed_by_peer());
  dropped.wait();  // its sink learns of it by its destructor
}

TEST_F(ServerWaitsTest, SlowBodiesHoldNoThread) {
  serve(echo, {.handler_threads = 1});
  std::vector<RawConnection> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(connect());
    slow.back().send("PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n1");
  }
  RawConnection quick = connect();
  quick.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(quick.read_until("GET /quick "), "");
  for (RawConnection& connection : slow) {
    connection.send("23");
    EXPECT_NE(connection.read_until("PUT /slow 123"), "");
  }
}

constexpr std::size_t kLong = 30'000'000;  // more than sockets hold

class EndlessSource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    std::fill(into.begin(), into.end(), 'x');
    return into.size();
  }
};

TEST_F(ServerWaitsTest, ASlowReaderHoldsNoThread) {
  serve(
      [](const RequestHead& head) -> StartOutcome {
        if (head.target == "/quick") return text_reply("quick");
        Reply reply;
        reply.source = std::make_unique<EndlessSource>();
        reply.source_length = kLong;
        return reply;
      },
      {.handler_threads = 1});
  RawConnection slow = connect();
  slow.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  slow.read_until(kHeadEnd);
  RawConnection quick = connect();
  quick.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(quick.read_until("quick"), "");
  EXPECT_EQ(slow.read_exactly(kLong).size(), kLong);
}

TEST_F(ServerWaitsTest, ServesAnAdoptedSocketUnderItsName) {
  serve([](const RequestHead& head) -> StartOutcome {
    return text_reply(head.origin.listener + " " + head.origin.peer);
  });
  const std::string path = testing::TempDir() + "clary-net-adopt.sock";
  ASSERT_TRUE(remove_tree(path).ok());
  auto socket = listen_on("unix:" + path);
  ASSERT_TRUE(socket.ok()) << socket.error().message;
  auto id = server_->adopt(std::move(*socket), "gang-7");
  ASSERT_TRUE(id.ok());
  RawConnection kept("unix:" + path);
  kept.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(kept.read_until("gang-7 unix"), "");
  RawConnection main = connect();
  main.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(main.read_until("main 127.0.0.1:"), "");

  server_->close_listener(*id);
  EXPECT_TRUE(kept.is_closed_by_peer());
  EXPECT_FALSE(connect_to("unix:" + path, milliseconds(100)).ok());
  main.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(main.read_until("main 127.0.0.1:"), "");
}

TEST_F(ServerWaitsTest, RefusesWhatItCannotListenOn) {
  serve(echo);
  EXPECT_EQ(server_->listen(address_).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(server_->listen("nowhere").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(server_->listen("127.0.0.1:70000").error().code, ErrorCode::kInvalidArgument);
  auto not_listening = connect_to(address_, milliseconds(1000));
  ASSERT_TRUE(not_listening.ok());
  EXPECT_EQ(server_->adopt(std::move(*not_listening), "x").error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(ServerWaitsTest, StopLetsARunningRequestEnd) {
  std::latch entered(1);
  std::latch released(1);
  serve([&](const RequestHead&) -> StartOutcome {
    entered.count_down();
    released.wait();
    return text_reply("finished");
  });
  RawConnection idle = connect();
  RawConnection running = connect();
  running.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.wait();
  std::jthread stopping([this] { server_->stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.is_closed_by_peer());
  released.count_down();
  const std::string reply = running.read_to_end();
  EXPECT_TRUE(reply.ends_with("finished")) << reply;
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
  stopping.join();
  EXPECT_EQ(server_->counters().connections_open, 0U);
  EXPECT_FALSE(connect_to(address_, milliseconds(100)).ok());
}

TEST_F(ServerWaitsTest, StopTellsOfRequestsThatRunOnAfterTheGrace) {
  std::latch entered(1);
  std::latch released(1);
  serve([&](const RequestHead&) -> StartOutcome {
    entered.count_down();
    released.wait();
    return text_reply("finished");
  });
  RawConnection running = connect();
  running.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.wait();
  server_->stop(Duration(0), [&] { released.count_down(); });
  EXPECT_EQ(server_->counters().connections_open, 0U);
}

TEST_F(ServerWaitsTest, StopEndsWhoDoesNotFinish) {
  serve(echo);
  RawConnection stuck = connect();
  stuck.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123");
  while (server_->counters().requests_total < 1) std::this_thread::yield();
  server_->stop(milliseconds(20));
  EXPECT_TRUE(stuck.is_closed_by_peer());
}

}  // namespace
}  // namespace clary::net
