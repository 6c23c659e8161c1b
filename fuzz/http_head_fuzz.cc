// HTTP heads and chunked bodies: whatever arrives is a message or a fault, and it is the same
// message however it arrives.
//
// The first byte of the input is the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/message_parser.h"

namespace {

using clary::net::MessageParser;
using clary::net::ParserLimits;

constexpr ParserLimits kLimits{.head_bytes = 4096, .fields = 20, .body_bytes = 1 << 20};

// Takes what it can of `waiting`; true when a message is complete.
bool read_on(MessageParser& parser, std::string& waiting, std::string& body) {
  if (!parser.head_complete()) {
    const std::size_t used = parser.put_head(waiting);
    CLARY_CHECK(used <= waiting.size());
    waiting.erase(0, used);
  }
  if (parser.fault() != nullptr || !parser.head_complete()) return false;
  if (!parser.framing().chunked) return true;
  const auto decoded = parser.decode_chunks(waiting);
  CLARY_CHECK(decoded.length <= decoded.used && decoded.used <= waiting.size());
  body += waiting.substr(0, decoded.length);
  CLARY_CHECK(body.size() <= kLimits.body_bytes);
  waiting.erase(0, decoded.used);
  return parser.fault() == nullptr && parser.chunks_complete();
}

// Reads messages one after another, as a connection does. Returns targets and bodies of those that
// were complete.
std::string read_messages(std::string_view bytes, std::size_t step, MessageParser::Kind kind) {
  MessageParser parser(kind, kLimits);
  std::string waiting;
  std::string body;
  std::string all;
  do {
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (read_on(parser, waiting, body)) {
      const clary::net::MessageHead head = parser.take_head();
      CLARY_CHECK(head.headers.fields().size() <= kLimits.fields);
      all += head.target + head.reason + "\n" + body + "\n";
      body.clear();
      parser.restart(kind);
    }
  } while (!bytes.empty() && parser.fault() == nullptr);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] == 0 ? bytes.size() : data[0];
  for (const auto kind : {MessageParser::Kind::kRequest, MessageParser::Kind::kReply}) {
    const std::string in_pieces = read_messages(bytes, step, kind);
    const std::string at_once = read_messages(bytes, bytes.size(), kind);
    CLARY_CHECK(in_pieces == at_once);
  }
  return 0;
}
