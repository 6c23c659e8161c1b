// Replies that come later: from another thread, before they are waited for, or never.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/server_fixture.h"

namespace clary::net {
namespace {

using Later = std::shared_ptr<ReplyLater>;

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
constexpr std::string_view kLastPost =
    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";

// Replies that were promised, for the test to give.
class Promised {
 public:
  Reply promise() {
    auto later = std::make_shared<ReplyLater>();
    Reply reply{.later = later};
    MutexLock lock(mutex_);
    kept_.push_back(std::move(later));
    changed_.notify_all();
    return reply;
  }
  // The oldest; null after ten seconds without one.
  Later take() {
    MutexLock lock(mutex_);
    for (int i = 0; i < 100 && kept_.empty(); ++i)
      changed_.wait_for(mutex_, std::chrono::milliseconds(100));
    if (kept_.empty()) return nullptr;
    Later first = std::move(kept_.front());
    kept_.erase(kept_.begin());
    return first;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Later> kept_ CLARY_GUARDED_BY(mutex_);
};

class ServerLaterTest : public EveryServerTest {
 protected:
  // One thread for all: a reply that is waited for holds none.
  void serve_later(ServerLimits limits = {}) {
    limits.handler_threads = 1;
    serve(
        [this](const RequestHead&) -> StartOutcome {
          return sink([this](const std::string&) { return promised_.promise(); });
        },
        limits);
  }

  Promised promised_;
};

INSTANTIATE_TEST_SUITE_P(Handlers, ServerLaterTest, testing::Bool(), name_of_handlers);

TEST_P(ServerLaterTest, IsSentByWhoeverAnswersAndTheConnectionGoesOn) {
  serve_later();
  RawConnection connection = connect();
  for (const char* text : {"first", "second"}) {
    connection.send(kPost);
    const Later later = promised_.take();
    ASSERT_NE(later, nullptr);
    std::thread([&later, text] { later->answer(text_reply(text)); }).join();
    EXPECT_TRUE(connection.read_until(text).starts_with("HTTP/1.1 200 "));
  }
}

TEST_P(ServerLaterTest, HoldsNoThreadMeanwhile) {
  serve_later();
  RawConnection a = connect();
  RawConnection b = connect();
  a.send(kPost);
  const Later first = promised_.take();
  b.send(kPost);
  const Later second = promised_.take();
  ASSERT_NE(second, nullptr) << "the only thread was held by the first request";
  second->answer(text_reply("b's"));
  b.read_until("b's");
  first->answer(text_reply("a's"));
  a.read_until("a's");
}

TEST_P(ServerLaterTest, MayBeThereBeforeItIsWaitedFor) {
  serve([](const RequestHead&) -> StartOutcome {
    auto later = std::make_shared<ReplyLater>();
    later->answer(text_reply("at once"));
    return Reply{.later = std::move(later)};
  });
  EXPECT_NE(ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").find("at once"), std::string::npos);
}

TEST_P(ServerLaterTest, ThatNeverComesIsA500) {
  serve([](const RequestHead&) -> StartOutcome {
    return Reply{.later = std::make_shared<ReplyLater>()};
  });
  EXPECT_TRUE(
      ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_P(ServerLaterTest, WhoeverAnswersSeesThatTheAskerHasGone) {
  serve_later();
  Later later;
  {
    RawConnection connection = connect();
    connection.send(kPost);
    later = promised_.take();
    ASSERT_NE(later, nullptr);
    EXPECT_FALSE(later->is_abandoned());
  }
  for (int i = 0; i < 1'000'000 && !later->is_abandoned(); ++i) std::this_thread::yield();
  EXPECT_TRUE(later->is_abandoned());
  later->answer(text_reply("nobody reads this"));
  const auto all_closed = [this] { return server_->counters().connections_open == 0; };
  for (int i = 0; i < 1'000'000 && !all_closed(); ++i) std::this_thread::yield();
  EXPECT_TRUE(all_closed());
}

TEST_P(ServerLaterTest, AStopWaitsForIt) {
  serve_later();
  RawConnection connection = connect();
  connection.send(kLastPost);
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  auto stopped =
      std::async(std::launch::async, [this] { server_->stop(std::chrono::seconds(30)); });
  later->answer(text_reply("the last"));
  EXPECT_NE(connection.read_to_end().find("the last"), std::string::npos);
  stopped.get();
}

TEST_P(ServerLaterTest, AStopEndsTheConnectionInTimeAndStillWaitsForWhoeverAnswers) {
  serve_later();
  RawConnection connection = connect();
  connection.send(kPost);
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  auto stopped = std::async(std::launch::async, [this] { server_->stop(Duration(0)); });
  EXPECT_EQ(connection.read_to_end(), "");
  EXPECT_TRUE(later->is_abandoned());
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  later->answer(text_reply("too late"));
  stopped.get();
}

// Whoever answers may be on the way out of it when the server is gone: for the sanitizers.
TEST_P(ServerLaterTest, TheServerMayBeDestroyedAsSoonAsItIsGiven) {
  for (int round = 0; round < 100; ++round) {
    serve_later();
    RawConnection connection = connect();
    connection.send(kLastPost);
    Later later = promised_.take();
    ASSERT_NE(later, nullptr);
    std::thread answering([later = std::move(later), is_given = round % 2 == 0]() mutable {
      if (is_given) later->answer(text_reply("the last"));
      later.reset();
    });
    server_.reset();
    answering.join();
    EXPECT_TRUE(
        connection.read_to_end().starts_with(round % 2 == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 500 "));
  }
}

TEST_P(ServerLaterTest, RequestsThatFollowAtOnceWaitForTheirTurn) {
  serve_later();
  RawConnection a = connect();
  RawConnection b = connect();
  a.send(std::string(kPost) + std::string(kLastPost));
  const Later first = promised_.take();
  b.send(kPost);
  const Later other = promised_.take();
  ASSERT_NE(other, nullptr);
  other->answer(text_reply("b's"));
  b.read_until("b's");  // a's second has not begun
  first->answer(text_reply("a's first"));
  const Later second = promised_.take();
  ASSERT_NE(second, nullptr);
  second->answer(text_reply("a's second"));
  a.read_until("a's first");
  EXPECT_TRUE(a.read_to_end().ends_with("a's second"));
}

TEST_P(ServerLaterTest, IsWaitedForBeyondTheTimesOfAClient) {
  constexpr Duration kShort = std::chrono::milliseconds(300);
  serve_later({.head_timeout = kShort, .body_timeout = kShort});
  RawConnection connection = connect();
  connection.send(kLastPost);
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  EXPECT_TRUE(connect().is_closed_by_peer());  // one that came after it, and is idle
  EXPECT_FALSE(later->is_abandoned());
  later->answer(text_reply("in the end"));
  EXPECT_TRUE(connection.read_to_end().ends_with("in the end"));
}

TEST_P(ServerLaterTest, ThatTheSocketDoesNotTakeHoldsUpNobody) {
  serve_later();
  RawConnection connection = connect();
  connection.send(kLastPost);
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  const std::string large(std::size_t{32} << 20, 'x');
  later->answer(text_reply(large));  // comes back although nobody reads yet
  EXPECT_TRUE(connection.read_to_end().ends_with("\r\n\r\n" + large));
}

TEST_P(ServerLaterTest, ThatDoesNotNeedTheBodyEndsTheConnection) {
  serve([this](const RequestHead&) -> StartOutcome { return promised_.promise(); });
  RawConnection connection = connect();
  connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  later->answer(text_reply("no need"));
  const std::string reply = connection.read_to_end();
  EXPECT_NE(reply.find("Connection: close"), std::string::npos) << reply;
  EXPECT_TRUE(reply.ends_with("no need")) << reply;
}

class ThrowingSource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char>) override { throw std::runtime_error("broken"); }
};

TEST_P(ServerLaterTest, WithASourceThatFailsIsA500) {
  serve_later();
  RawConnection connection = connect();
  connection.send(kPost);
  const Later later = promised_.take();
  ASSERT_NE(later, nullptr);
  Reply reply;
  reply.source = std::make_unique<ThrowingSource>();
  reply.source_length = 5;
  later->answer(std::move(reply));
  EXPECT_TRUE(connection.read_to_end().starts_with("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace clary::net
