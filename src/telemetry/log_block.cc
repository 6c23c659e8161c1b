#include "telemetry/log_block.h"

#include "base/deflate.h"
#include "base/text_encoding.h"

namespace clary::telemetry {
namespace {

// Below this, packing costs more than it saves.
constexpr std::size_t kCompressFrom = 512;

void append_varint(std::string& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

// Takes a length off the front; false when there is none.
bool take_varint(std::string_view& bytes, std::size_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::size_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

LogBlock pack(std::string plain, std::size_t count) {
  LogBlock block{.count = count, .plain_bytes = plain.size()};
  if (plain.size() >= kCompressFrom) {
    std::string packed;
    Deflater deflater(Wrapping::kZlib, [&packed](std::string_view piece) -> Status {
      packed += piece;
      return {};
    });
    if (deflater.finish(plain).ok() && packed.size() < plain.size()) {
      packed.shrink_to_fit();
      block.codec = BlockCodec::kZlib;
      block.bytes = std::move(packed);
      return block;
    }
  }
  block.bytes = std::move(plain);
  return block;
}

Error damaged() { return internal_error("log block: its bytes are damaged"); }

Result<std::string> unpack(const LogBlock& block) {
  if (block.codec == BlockCodec::kPlain) return block.bytes;
  std::string plain(block.plain_bytes, '\0');
  Inflater inflater(Wrapping::kZlib);
  std::string_view packed = block.bytes;
  std::span<char> room = plain;
  for (;;) {
    const Inflater::Step step = inflater.step(packed, room);
    packed.remove_prefix(step.taken);
    room = room.subspan(step.made);
    if (step.state == Inflater::State::kEnded) break;
    const bool stands = step.taken == 0 && step.made == 0;
    if (step.state == Inflater::State::kBroken || stands) return damaged();
  }
  if (!room.empty()) return damaged();
  return plain;
}

// The longest cut of `text` of at most `limit` bytes that does not split a character.
std::size_t cut_length(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text.size();
  std::size_t length = limit;
  while (length > limit - 4 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return length;
}

}  // namespace

std::vector<std::string> to_events(std::span<const std::string> lines) {
  std::vector<std::string> events;
  events.reserve(lines.size());
  for (const std::string& line : lines) {
    std::string text = is_valid_utf8(line) ? line : to_valid_utf8(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    std::string_view rest = text;
    if (rest.size() <= kMaxEventBytes) {
      events.push_back(std::move(text));
      continue;
    }
    while (!rest.empty()) {
      const std::size_t length = cut_length(rest, kMaxEventBytes);
      events.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  }
  return events;
}

std::vector<LogBlock> make_blocks(std::span<const std::string> events) {
  std::vector<LogBlock> blocks;
  std::string plain;
  std::size_t count = 0;
  for (const std::string& event : events) {
    if (count > 0 && (count == kBlockEvents || plain.size() + event.size() > kBlockBytes)) {
      blocks.push_back(pack(std::move(plain), count));
      plain = {};
      count = 0;
    }
    append_varint(plain, event.size());
    plain += event;
    ++count;
  }
  if (count > 0) blocks.push_back(pack(std::move(plain), count));
  return blocks;
}

Result<std::vector<std::string>> read_block(const LogBlock& block) {
  CLARY_TRY(const std::string plain, unpack(block));
  std::string_view rest = plain;
  std::vector<std::string> events;
  events.reserve(block.count);
  while (!rest.empty()) {
    std::size_t length = 0;
    if (!take_varint(rest, length) || length > rest.size()) return damaged();
    events.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (events.size() != block.count) return damaged();
  return events;
}

}  // namespace clary::telemetry
