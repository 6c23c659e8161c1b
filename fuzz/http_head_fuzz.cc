// HTTP heads and chunked bodies: whatever arrives, in whatever pieces, is a message or a fault.
//
// The first byte of the input is the size of the pieces, so that every way of arriving is tried.
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

// Reads messages one after another, as a connection does. Returns how many were complete.
int read_messages(std::string_view bytes, std::size_t step, MessageParser::Kind kind) {
  MessageParser parser(kind, kLimits);
  std::string waiting;
  std::size_t body_bytes = 0;
  int complete = 0;
  while (!bytes.empty() && parser.fault() == nullptr) {
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (!parser.head_complete()) {
      const std::size_t used = parser.put_head(waiting);
      CLARY_CHECK(used <= waiting.size());
      waiting.erase(0, used);
      CLARY_CHECK(parser.fault() != nullptr || waiting.size() <= kLimits.head_bytes + step);
    }
    if (parser.fault() != nullptr || !parser.head_complete()) continue;
    if (parser.framing().chunked) {
      const auto decoded = parser.decode_chunks(waiting);
      CLARY_CHECK(decoded.length <= decoded.used && decoded.used <= waiting.size());
      body_bytes += decoded.length;
      CLARY_CHECK(body_bytes <= kLimits.body_bytes);
      waiting.erase(0, decoded.used);
      if (!parser.chunks_complete()) continue;
    }
    CLARY_CHECK(parser.take_head().headers.fields().size() <= kLimits.fields);
    ++complete;
    body_bytes = 0;
    parser.restart(kind);
  }
  return complete;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] == 0 ? bytes.size() : data[0];
  read_messages(bytes, step, MessageParser::Kind::kRequest);
  read_messages(bytes, step, MessageParser::Kind::kReply);
  return 0;
}
