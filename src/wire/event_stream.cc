#include "wire/event_stream.h"

#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/digest.h"
#include "base/json.h"

namespace clary::wire {
namespace {

constexpr std::size_t kPreludeBytes = 12;  // both lengths and their CRC32
constexpr std::size_t kCrcBytes = 4;
constexpr char kTextField = 7;
constexpr std::size_t kMostNameBytes = 255;
constexpr std::size_t kMostValueBytes = 65'535;

void append_big_endian(std::string& out, std::size_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i > 0; --i)
    out.push_back(static_cast<char>((number >> (8 * (i - 1))) & 0xFFU));
}

std::string encode_fields(std::span<const EventField> fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    CLARY_CHECK(!name.empty() && name.size() <= kMostNameBytes && value.size() <= kMostValueBytes);
    append_big_endian(out, name.size(), 1);
    out += name;
    out += kTextField;
    append_big_endian(out, value.size(), 2);
    out += value;
  }
  return out;
}

}  // namespace

std::string event_message(std::span<const EventField> fields, std::string_view payload) {
  const std::string head = encode_fields(fields);
  std::string out;
  out.reserve(kPreludeBytes + head.size() + payload.size() + kCrcBytes);
  append_big_endian(out, kPreludeBytes + head.size() + payload.size() + kCrcBytes, 4);
  append_big_endian(out, head.size(), 4);
  out += digest(DigestKind::kCrc32, out);
  out += head;
  out += payload;
  out += digest(DigestKind::kCrc32, out);
  return out;
}

std::string bytes_event(std::string_view type, std::string_view bytes) {
  const std::array<EventField, 3> fields = {EventField{":event-type", type},
                                            {":content-type", "application/octet-stream"},
                                            {":message-type", "event"}};
  return event_message(fields, bytes);
}

std::string exception_event(std::string_view type, const Document& members) {
  const std::array<EventField, 3> fields = {EventField{":exception-type", type},
                                            {":content-type", "application/json"},
                                            {":message-type", "exception"}};
  return event_message(fields, to_json(members));
}

}  // namespace clary::wire
