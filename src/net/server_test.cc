#include "net/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

#include "net/server_fixture.h"

namespace clary::net {
namespace {

INSTANTIATE_TEST_SUITE_P(Handlers, EveryServerTest, testing::Bool(), name_of_handlers);

TEST_P(EveryServerTest, AnswersAndKeepsTheConnection) {
  serve(echo);
  RawConnection connection = connect();
  for (int i = 0; i < 3; ++i) {
    connection.send("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string head = connection.read_until(kHeadEnd);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_NE(head.find("Content-Length: 9\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Date: "), std::string::npos);
    EXPECT_EQ(connection.read_exactly(9), "GET /a?b ");
  }
  EXPECT_EQ(server_->counters().requests_total, 3U);
  EXPECT_EQ(server_->counters().connections_total, 1U);
}

TEST_P(EveryServerTest, AnswersPipelinedRequestsInOrder) {
  serve(echo);
  RawConnection connection = connect();
  connection.send(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = connection.read_to_end();
  const auto first = all.find("POST /1 one");
  const auto second = all.find("POST /2 two");
  const auto third = all.find("GET /3 ");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST_P(EveryServerTest, AnnouncesLengthsWithoutBodies) {
  serve([](const RequestHead& head) -> StartOutcome {
    Reply reply;
    if (head.target == "/204") reply.status = 204;
    if (head.target == "/304") reply.status = 304;
    if (head.target != "/204") reply.announced_length = 77;
    return reply;
  });
  const std::string head = ask("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 77\r\n"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with(kHeadEnd));
  const std::string unchanged = ask("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(unchanged.find("Content-Length: 77\r\n"), std::string::npos);
  EXPECT_TRUE(unchanged.ends_with(kHeadEnd));
  const std::string empty = ask("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(empty.find("Content-Length"), std::string::npos) << empty;
}

TEST_P(EveryServerTest, SaysContinueBeforeTheBody) {
  serve(echo);
  RawConnection connection = connect();
  connection.send(
      "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read_until(kHeadEnd), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send("body");
  connection.read_until(kHeadEnd);
  EXPECT_EQ(connection.read_exactly(11), "PUT /k body");
}

TEST_P(EveryServerTest, AnswersAtOnceInsteadOfContinueAndCloses) {
  serve([](const RequestHead&) -> StartOutcome { return text_reply("no", 403); });
  RawConnection connection = connect();
  connection.send(
      "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const std::string head = connection.read_until(kHeadEnd);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 403 Forbidden\r\n")) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(connection.read_to_end(), "no");
}

TEST_P(EveryServerTest, AnEarlyReplyReachesAClientThatStillSends) {
  serve([](const RequestHead&) -> StartOutcome { return text_reply("too large", 413); });
  RawConnection connection = connect();
  connection.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n");
  connection.send(std::string(8000000, 'x'));
  EXPECT_NE(connection.read_to_end().find("too large"), std::string::npos);
}

TEST_P(EveryServerTest, AReplyToABodyAlreadyThereKeepsTheConnection) {
  serve([](const RequestHead&) -> StartOutcome { return text_reply("no", 403); });
  RawConnection connection = connect();
  for (int i = 0; i < 2; ++i) {
    connection.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_EQ(connection.read_until(kHeadEnd).find("Connection: close"), std::string::npos);
    EXPECT_EQ(connection.read_exactly(2), "no");
  }
}

TEST_P(EveryServerTest, StreamsLargeBodiesBothWays) {
  std::string large(5'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 251);
  serve([](const RequestHead& head) {
    return sink([chunked = head.target == "/chunked"](std::string body) {
      Reply reply;
      if (!chunked) reply.source_length = body.size();
      reply.source = make_string_source(std::move(body));
      return reply;
    });
  });
  RawConnection connection = connect();
  connection.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(large.size()) +
                  "\r\n\r\n");
  connection.send(large);
  connection.read_until(kHeadEnd);
  EXPECT_TRUE(connection.read_exactly(large.size()) == large);

  connection.send("PUT /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t at = 0; at < large.size(); at += 100'000) {
    connection.send("186a0\r\n");
    connection.send(std::string_view(large).substr(at, 100'000));
    connection.send("\r\n");
  }
  connection.send("0\r\n\r\n");
  EXPECT_NE(connection.read_until(kHeadEnd).find("Transfer-Encoding: chunked\r\n"),
            std::string::npos);
  std::string received;
  for (;;) {
    const std::string line = connection.read_until("\r\n");
    const std::size_t size = std::stoul(line, nullptr, 16);
    received += connection.read_exactly(size);
    ASSERT_EQ(connection.read_exactly(2), "\r\n");
    if (size == 0) break;
  }
  EXPECT_TRUE(received == large);
}

TEST_P(EveryServerTest, ABodyThatTheSinkRefusesIsAnsweredAndCloses) {
  serve([](const RequestHead&) {
    return sink([](const std::string&) { return text_reply("fine"); }, 10);
  });
  RawConnection connection = connect();
  connection.send("PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
                  std::string(1000, 'x'));
  const std::string head = connection.read_until(kHeadEnd);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 400 ")) << head;
  EXPECT_EQ(connection.read_to_end(), "body: over the limit");
}

TEST_P(EveryServerTest, RefusesBadHeads) {
  serve(echo, {.head_bytes = 1000});
  EXPECT_TRUE(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'a') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(
      ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n")
          .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(
      ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n")
          .starts_with("HTTP/1.1 400 "));
}

TEST_P(EveryServerTest, HandlerTextCannotAddFields) {
  serve([](const RequestHead&) -> StartOutcome {
    Reply reply;
    reply.headers.add("X-Name", "a\r\nSet-Cookie: b");
    reply.headers.add("Content-Length", "99");
    return reply;
  });
  const std::string reply = ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(reply.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_EQ(reply.find("99"), std::string::npos);
}

TEST_P(EveryServerTest, SpeaksWithOldClients) {
  serve([](const RequestHead&) -> StartOutcome {
    Reply reply;
    reply.source = make_string_source("no length");
    return reply;
  });
  const std::string reply = ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(reply.find("chunked"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\nno length"));
}

class BrokenSource final : public ByteSource {
 public:
  explicit BrokenSource(int good_pieces) : good_pieces_(good_pieces) {}
  Result<std::size_t> read(std::span<char> into) override {
    if (good_pieces_-- <= 0) return internal_error("disk: read: I/O error");
    std::fill(into.begin(), into.end(), 'g');
    return into.size();
  }

 private:
  int good_pieces_;
};

TEST_P(EveryServerTest, ASourceThatFailsEndsTheConnection) {
  serve([](const RequestHead& head) -> StartOutcome {
    Reply reply;
    reply.source = std::make_unique<BrokenSource>(head.target == "/early" ? 0 : 2);
    reply.source_length = 1 << 20;
    return reply;
  });
  const std::string late = ask("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(late.starts_with("HTTP/1.1 200 "));
  EXPECT_LT(late.size(), 1U << 20);
  EXPECT_TRUE(ask("GET /early HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_P(EveryServerTest, AHandlerThatThrowsIsA500) {
  serve([](const RequestHead&) -> StartOutcome { throw std::runtime_error("oops"); });
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_P(EveryServerTest, WhoTookARequestAnswersItsFailureToo) {
  class Sink final : public RequestSink {
   public:
    Status write(std::string_view) override { throw std::runtime_error("oops"); }
    Reply finish() override {
      Reply reply;
      reply.source = std::make_unique<BrokenSource>(0);
      return reply;
    }
    Reply rejected(const Error& error) override { return text_reply("own: " + error.message, 500); }
  };
  serve([](const RequestHead&) -> StartOutcome { return std::make_unique<Sink>(); });
  const std::string thrown = ask("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(thrown.starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(thrown.ends_with("own: an exception: oops")) << thrown;
  const std::string unread = ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(unread.starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(unread.ends_with("own: disk: read: I/O error")) << unread;
}

}  // namespace
}  // namespace clary::net
