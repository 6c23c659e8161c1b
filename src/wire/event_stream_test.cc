#include "wire/event_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/digest.h"
#include "base/text_encoding.h"

namespace clary::wire {
namespace {

// tests/wire/test_event_stream.py has the same, read by botocore.
constexpr std::string_view kPart =
    "0000006e000000595197ff150b3a6576656e742d7479706507000b5061796c6f6164506172740d3a"
    "636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d"
    "3a6d6573736167652d747970650700056576656e7461626300ff8baf20ae";
constexpr std::string_view kFailure =
    "0000008400000063f5fff9d90f3a657863657074696f6e2d74797065070015496e7465726e616c53"
    "747265616d4661696c7572650d3a636f6e74656e742d747970650700106170706c69636174696f6e"
    "2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b224d657373616765"
    "223a22776879227dc6cf08f9";

TEST(EventStream, AnEventIsWrittenAsBotocoreReadsIt) {
  EXPECT_EQ(hex_encode(bytes_event("PayloadPart", std::string_view("abc\0\xff", 5))), kPart);
}

TEST(EventStream, AnExceptionIsWrittenAsBotocoreReadsIt) {
  EXPECT_EQ(
      hex_encode(exception_event("InternalStreamFailure", Document::object({{"Message", "why"}}))),
      kFailure);
}

TEST(EventStream, AMessageMayHaveNeitherFieldsNorPayload) {
  const std::string message = event_message({}, "");
  ASSERT_EQ(message.size(), 16U);
  EXPECT_EQ(hex_encode(message.substr(0, 8)), "0000001000000000");
  EXPECT_EQ(message.substr(8, 4), digest(DigestKind::kCrc32, message.substr(0, 8)));
  EXPECT_EQ(message.substr(12), digest(DigestKind::kCrc32, message.substr(0, 12)));
}

TEST(EventStream, LengthsHaveAllTheirBytes) {
  const std::string value(300, 'v');
  const std::array<EventField, 1> fields = {EventField{"n", value}};
  const std::string message = event_message(fields, std::string(70'000, 'p'));
  EXPECT_EQ(hex_encode(message.substr(0, 8)), "000112b100000131");
  EXPECT_EQ(hex_encode(message.substr(12, 5)), "016e07012c");
}

}  // namespace
}  // namespace clary::wire
