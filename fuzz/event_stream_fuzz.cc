// An answer in pieces as events: whatever a model yields and however its client reads, the messages
// are whole, their checksums hold, and their payloads are what was yielded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "services/payload_parts.h"

namespace {

using clary::Result;

// The input in pieces of a size; then its end, or what has become of the model.
class Yielded final : public clary::net::ByteSource {
 public:
  Yielded(std::string_view text, std::size_t piece, unsigned how)
      : left_(text), piece_(piece), how_(how) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (left_.empty() && how_ == 1) return clary::timed_out("\xFF late");
    if (left_.empty() && how_ == 2) return clary::internal_error("broken \"off\"\n");
    const std::size_t count = std::min({left_.size(), piece_, into.size()});
    std::copy_n(left_.begin(), count, into.begin());
    left_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view left_;
  const std::size_t piece_;
  const unsigned how_;
};

std::size_t number(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

std::string crc32(std::string_view bytes) {
  return clary::digest(clary::DigestKind::kCrc32, bytes);
}

// Takes the value of a text field off the front.
std::pair<std::string_view, std::string_view> take_field(std::string_view& fields) {
  const std::size_t name = number(fields.substr(0, 1));
  CLARY_CHECK(fields.size() > name + 4 && fields[1 + name] == 7);
  const std::size_t value = number(fields.substr(2 + name, 2));
  CLARY_CHECK(fields.size() >= name + 4 + value);
  const std::pair field(fields.substr(1, name), fields.substr(4 + name, value));
  fields.remove_prefix(4 + name + value);
  return field;
}

struct Seen {
  std::string payloads;
  int failures = 0;
};

// Takes a message off the front.
void take_message(std::string_view& left, Seen& seen) {
  constexpr std::size_t kPrelude = 12;
  CLARY_CHECK(seen.failures == 0);  // nothing follows a failure
  CLARY_CHECK(left.size() >= kPrelude + 4);
  const std::size_t total = number(left.substr(0, 4));
  const std::size_t head = number(left.substr(4, 4));
  CLARY_CHECK(left.size() >= total && total >= kPrelude + head + 4);
  CLARY_CHECK(left.substr(8, 4) == crc32(left.substr(0, 8)));
  CLARY_CHECK(left.substr(total - 4, 4) == crc32(left.substr(0, total - 4)));
  std::string_view fields = left.substr(kPrelude, head);
  const auto [kind, type] = take_field(fields);
  take_field(fields);
  const auto [name, message] = take_field(fields);
  CLARY_CHECK(fields.empty() && name == ":message-type");
  const std::string_view payload = left.substr(kPrelude + head, total - kPrelude - head - 4);
  if (kind == ":event-type") {
    CLARY_CHECK(type == "PayloadPart" && message == "event" && !payload.empty());
    seen.payloads += payload;
  } else {
    CLARY_CHECK(kind == ":exception-type" && type == "ModelStreamError" && message == "exception");
    ++seen.failures;
  }
  left.remove_prefix(total);
}

}  // namespace

// The first two bytes say how large the pieces are that are yielded and read, and how it ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const unsigned how = data[1] % 3U;
  const auto parts = clary::services::make_payload_parts(
      std::make_unique<Yielded>(text, data[0] + std::size_t{1}, how));
  std::string sent;
  std::string piece(data[1] + std::size_t{1}, '\0');
  for (;;) {
    const Result<std::size_t> count = parts->read(piece);
    CLARY_CHECK(count.ok());
    if (*count == 0) break;
    sent.append(piece, 0, *count);
  }
  Seen seen;
  for (std::string_view left = sent; !left.empty();) take_message(left, seen);
  CLARY_CHECK(seen.payloads == text && seen.failures == (how == 0 ? 0 : 1));
  return 0;
}
