// Requests that are sent once, over a Unix socket: what was read and what was not, and replies that
// are read as they come.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "base/temporary_folder.h"
#include "net/client.h"
#include "net/sockets.h"

namespace clary::net {
namespace {

using std::chrono::milliseconds;

// A server that does with each connection what the test says, on a Unix socket.
class OnceTest : public testing::Test {
 protected:
  OnceTest() {
    auto listening = listen_on("unix:" + path_);
    EXPECT_TRUE(listening.ok());
    if (listening.ok()) listening_ = std::move(*listening);
    auto client = Client::create("unix:" + path_);
    EXPECT_TRUE(client.ok());
    if (client.ok()) client_ = std::move(*client);
  }
  Fd accept_one() {
    EXPECT_TRUE(wait_ready(listening_.get(), POLLIN, std::chrono::seconds(10)).ok());
    return Fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  static std::string read_request(const Fd& connection) {
    std::string text(4096, '\0');
    const ssize_t count = ::recv(connection.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
  }
  static void answer(const Fd& connection) {
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    EXPECT_EQ(::send(connection.get(), kReply.data(), kReply.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kReply.size()));
  }
  Result<ClientReply> post() {
    return client_->send_once({.method = "POST", .body = "x"}, std::chrono::seconds(10));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/s";
  Fd listening_;
  std::unique_ptr<Client> client_;
};

TEST_F(OnceTest, WhatWasReadFailsAndIsNotSentAgain) {
  std::jthread server([this] {
    const Fd first = accept_one();
    EXPECT_NE(read_request(first).find("POST"), std::string::npos);
    answer(first);
    EXPECT_NE(read_request(first).find("POST"), std::string::npos);
  });  // closes the connection, and never takes another
  ASSERT_TRUE(post().ok());
  const auto broken = post();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, ErrorCode::kInternal) << broken.error().message;
}

TEST_F(OnceTest, WhatIsUnderWayCanBeEnded) {
  std::jthread server([this] {
    const Fd first = accept_one();
    EXPECT_NE(read_request(first).find("POST"), std::string::npos);
    client_->abort();
    EXPECT_EQ(read_request(first), "") << "its end";
  });
  EXPECT_FALSE(post().ok()) << "well before its limit";
  const auto later = post();
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code, ErrorCode::kUnavailable);
}

TEST_F(OnceTest, AReplyThatComesByteByByteEndsAtTheLimitToo) {
  std::jthread server([this] {
    const Fd connection = accept_one();
    read_request(connection);
    std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n";
    reply.append(400, 'x');
    pollfd gone{.fd = connection.get(), .events = POLLRDHUP, .revents = 0};
    for (const char& byte : reply) {
      if (::poll(&gone, 1, 5) != 0 || ::send(connection.get(), &byte, 1, MSG_NOSIGNAL) != 1) return;
    }
  });
  const auto slow =
      client_->send_once({.method = "POST", .body = "x"}, std::chrono::milliseconds(100));
  ASSERT_FALSE(slow.ok());
  EXPECT_EQ(slow.error().code, ErrorCode::kTimeout) << slow.error().message;
}

TEST_F(OnceTest, WhatWasNotReadMayBeSentElsewhere) {
  std::jthread server([this] {
    const Fd first = accept_one();
    pollfd arrived{.fd = first.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&arrived, 1, 10'000), 1);
  });
  const auto broken = post();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, ErrorCode::kUnavailable) << broken.error().message;
}

TEST_F(OnceTest, AKeptConnectionThatWasClosedIsReplaced) {
  std::latch closed(1);
  std::jthread server([&] {
    {
      const Fd first = accept_one();
      read_request(first);
      answer(first);
    }
    closed.count_down();
    const Fd second = accept_one();
    read_request(second);
    answer(second);
    read_request(second);
  });
  ASSERT_TRUE(post().ok());
  closed.wait();
  EXPECT_TRUE(post().ok());
  client_.reset();
}

std::string read_some(ByteSource& source) {
  std::string into(100, '\0');
  const auto count = source.read(into);
  return count.ok() ? into.substr(0, *count)
                    : "[" + std::string(error_code_name(count.error().code)) + "]";
}

TEST_F(OnceTest, ABodyIsReadAsItComes) {
  std::latch first_read(1);
  std::jthread server([&] {
    const Fd connection = accept_one();
    read_request(connection);
    const auto say = [&](std::string_view text) {
      EXPECT_GT(::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL), 0);
    };
    say("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    first_read.wait();
    say("3\r\ntwo\r\n0\r\n\r\n");
    EXPECT_NE(read_request(connection).find("POST"), std::string::npos) << "it is used again";
    answer(connection);
  });
  auto stream =
      client_->open_once({.method = "POST", .body = "x"}, std::chrono::seconds(10)).value();
  EXPECT_EQ(stream.head.status, 201);
  EXPECT_EQ(read_some(*stream.body), "one");
  first_read.count_down();
  EXPECT_EQ(read_some(*stream.body), "two");
  EXPECT_EQ(read_some(*stream.body), "");
  EXPECT_TRUE(post().ok());
}

TEST_F(OnceTest, AReplyWithoutABodyGivesItsConnectionBack) {
  std::jthread server([&] {
    const Fd connection = accept_one();
    read_request(connection);
    constexpr std::string_view kNothing = "HTTP/1.1 204 No Content\r\n\r\n";
    EXPECT_GT(::send(connection.get(), kNothing.data(), kNothing.size(), MSG_NOSIGNAL), 0);
    EXPECT_NE(read_request(connection).find("POST"), std::string::npos) << "it is used again";
    answer(connection);
  });
  {
    auto stream =
        client_->open_once({.method = "POST", .body = "x"}, std::chrono::seconds(10)).value();
    EXPECT_EQ(stream.head.status, 204);
    EXPECT_EQ(read_some(*stream.body), "");
  }
  EXPECT_TRUE(post().ok());
}

TEST_F(OnceTest, ABodyThatIsReadCanBeEnded) {
  std::jthread server([&] {
    const Fd connection = accept_one();
    read_request(connection);
    constexpr std::string_view kBegun = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\none";
    EXPECT_GT(::send(connection.get(), kBegun.data(), kBegun.size(), MSG_NOSIGNAL), 0);
    EXPECT_EQ(read_request(connection), "") << "its end";
  });
  auto stream =
      client_->open_once({.method = "POST", .body = "x"}, std::chrono::seconds(10)).value();
  EXPECT_EQ(read_some(*stream.body), "one");
  client_->abort();
  EXPECT_EQ(read_some(*stream.body), "[Internal]");
}

TEST_F(OnceTest, ABodyThatBreaksOffIsAnError) {
  std::jthread server([&] {
    const Fd connection = accept_one();
    read_request(connection);
    constexpr std::string_view kBegun =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
    EXPECT_GT(::send(connection.get(), kBegun.data(), kBegun.size(), MSG_NOSIGNAL), 0);
  });
  auto stream =
      client_->open_once({.method = "POST", .body = "x"}, std::chrono::seconds(10)).value();
  EXPECT_EQ(read_some(*stream.body), "one");
  EXPECT_EQ(read_some(*stream.body), "[Internal]");
}

TEST_F(OnceTest, ABodyThatDoesNotGoOnIsATimeout) {
  std::latch done(1);
  std::jthread server([&] {
    const Fd connection = accept_one();
    read_request(connection);
    constexpr std::string_view kBegun = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\none";
    EXPECT_GT(::send(connection.get(), kBegun.data(), kBegun.size(), MSG_NOSIGNAL), 0);
    done.wait();
  });
  {
    auto stream = client_->open_once({.method = "POST", .body = "x"}, milliseconds(500)).value();
    EXPECT_EQ(read_some(*stream.body), "one");
    EXPECT_EQ(read_some(*stream.body), "[Timeout]");
  }
  done.count_down();
}

TEST_F(OnceTest, NobodyThereIsUnavailable) {
  listening_.close();
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  const auto absent = post();
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::kUnavailable) << absent.error().message;
}

}  // namespace
}  // namespace clary::net
