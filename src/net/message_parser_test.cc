#include "net/message_parser.h"

#include <gtest/gtest.h>

namespace clary::net {
namespace {

using Kind = MessageParser::Kind;

// Feeds a whole head at once; 0 when it is accepted, else the status of the fault.
int fault_of(std::string_view head, ParserLimits limits = {}) {
  MessageParser parser(Kind::kRequest, limits);
  parser.put_head(head);
  if (parser.fault() != nullptr) return parser.fault()->status;
  return parser.head_complete() ? 0 : -1;
}

TEST(MessageParser, ReadsAHead) {
  MessageParser parser(Kind::kRequest);
  const std::string_view head =
      "PUT /b/k?x=1 HTTP/1.1\r\nHost: h\r\nX-A:  one \r\nContent-Length: 3\r\nExpect: "
      "100-continue\r\n\r\n";
  EXPECT_EQ(parser.put_head(std::string(head) + "abc"), head.size());
  ASSERT_TRUE(parser.head_complete());
  EXPECT_EQ(parser.framing().content_length, 3U);
  EXPECT_TRUE(parser.framing().expects_continue);
  EXPECT_TRUE(parser.framing().keep_alive);
  const MessageHead message = parser.take_head();
  EXPECT_EQ(message.method, "PUT");
  EXPECT_EQ(message.target, "/b/k?x=1");
  EXPECT_EQ(message.headers.get("x-a"), "one");
}

TEST(MessageParser, ReadsAHeadByteByByte) {
  const std::string head = "\r\nGET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  MessageParser parser(Kind::kRequest);
  std::string waiting;
  for (const char c : head) {
    EXPECT_FALSE(parser.head_complete());
    waiting += c;
    waiting.erase(0, parser.put_head(waiting));
    ASSERT_EQ(parser.fault(), nullptr);
  }
  ASSERT_TRUE(parser.head_complete());
  EXPECT_EQ(parser.take_head().headers.get("A"), "b");
}

TEST(MessageParser, RefusesWhatCouldHideARequest) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(fault_of(start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length: 4\r\nContent-Length: 4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length: 4, 4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length: +4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length: 0x4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length: 18446744073709551616\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Content-Length : 4\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400);
  EXPECT_EQ(fault_of(start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(fault_of(start + "Transfer-Encoding: identity\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n"), 400);
}

TEST(MessageParser, RefusesWhatIsNoRequest) {
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\n\r\n"), 400);  // no Host
  EXPECT_EQ(fault_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(fault_of("GET / HTTP/2.0\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("\x16\x03\x01\x02 hello\r\n\r\n"), 400);  // a TLS client
  EXPECT_EQ(fault_of("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n"), 400);
}

TEST(MessageParser, BoundsTheHead) {
  const ParserLimits limits{.head_bytes = 200, .fields = 3};
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(fault_of(start + "A: " + std::string(300, 'a'), limits), 431);
  EXPECT_EQ(fault_of("GET /" + std::string(300, 'a'), limits), 431);
  EXPECT_EQ(fault_of(start + "A: a\r\nB: b\r\n\r\n", limits), 0);
  EXPECT_EQ(fault_of(start + "A: a\r\nB: b\r\nC: c\r\n\r\n", limits), 431);
}

TEST(MessageParser, BoundsAHeadThatTrickles) {
  MessageParser parser(Kind::kRequest, {.head_bytes = 1000, .fields = 1000});
  std::string waiting = "GET / HTTP/1.1\r\nHost: h\r\n";
  std::size_t sent = waiting.size();
  while (parser.fault() == nullptr && sent < 5000) {
    waiting.erase(0, parser.put_head(waiting));
    waiting += "A: aaaaaaaaaa\r\n";
    sent += 15;
  }
  EXPECT_LE(sent, 1030U);
}

struct Chunks {
  std::string body;
  bool complete = false;
  int status = 0;
};

// Feeds `coded` in pieces of `step` bytes.
Chunks decode(std::string_view coded, std::size_t step, ParserLimits limits = {}) {
  MessageParser parser(Kind::kRequest, limits);
  parser.put_head("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  Chunks result;
  std::string waiting;
  while (!coded.empty() && !parser.chunks_complete() && parser.fault() == nullptr) {
    waiting += coded.substr(0, step);
    coded.remove_prefix(std::min(step, coded.size()));
    const auto decoded = parser.decode_chunks(waiting);
    result.body += waiting.substr(0, decoded.length);
    waiting.erase(0, decoded.used);
  }
  result.complete = parser.chunks_complete();
  if (parser.fault() != nullptr) result.status = parser.fault()->status;
  return result;
}

TEST(MessageParser, DecodesChunksHoweverTheyArrive) {
  const std::string_view coded =
      "5\r\nhello\r\n1;x=y\r\n \r\n0a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t step = 1; step <= coded.size(); ++step) {
    const Chunks chunks = decode(coded, step);
    EXPECT_EQ(chunks.body, "hello 0123456789") << step;
    EXPECT_TRUE(chunks.complete) << step;
  }
}

TEST(MessageParser, RefusesHostileChunks) {
  EXPECT_EQ(decode("8000000000000000\r\n", 100).status, 413);
  EXPECT_EQ(decode("ffffffffffffffffff\r\n", 100).status, 400);
  EXPECT_EQ(decode("-1\r\n", 100).status, 400);
  EXPECT_EQ(decode("5\r\nhelloX\r\n0\r\n\r\n", 100).status, 400);
  EXPECT_EQ(decode("5;" + std::string(9000, 'x'), 100).status, 400);
  EXPECT_EQ(decode("0\r\n" + std::string(9000, 'x'), 100).status, 400);
  EXPECT_EQ(decode("6\r\n123456\r\n6\r\n123456\r\n", 100, {.body_bytes = 10}).status, 413);
}

TEST(MessageParser, ReadsReplies) {
  MessageParser parser(Kind::kReply);
  parser.put_head("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n");
  ASSERT_TRUE(parser.head_complete());
  EXPECT_EQ(parser.framing().content_length, 9U);
  const MessageHead head = parser.take_head();
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not Found");

  parser.restart(Kind::kReply);
  parser.put_head("HTTP/1.0 200 OK\r\n\r\n");
  ASSERT_TRUE(parser.head_complete());
  EXPECT_TRUE(parser.framing().until_close);
}

}  // namespace
}  // namespace clary::net
