#include "serving/worker_frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/strings.h"

namespace clary::serving {
namespace {

static_assert(std::endian::native == std::endian::little, "the format's numbers are little-endian");

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kBodyShared = 1;

struct Head {
  std::uint8_t version = kVersion;
  std::uint8_t kind = 0;
  std::uint8_t flags = 0;
  std::uint8_t reserved = 0;
  std::uint32_t fields_length = 0;
  std::uint64_t body_length = 0;
};
static_assert(sizeof(Head) == kFrameHeadBytes);

Error no_frame(std::string_view why) {
  return internal_error("a worker's frame: " + std::string(why));
}

std::optional<Error> fault_of(const Head& head) {
  if (head.version != kVersion) return no_frame("of another version");
  if (head.kind < static_cast<std::uint8_t>(FrameKind::kStart) ||
      head.kind > static_cast<std::uint8_t>(FrameKind::kStop))
    return no_frame("of no known kind");
  if (head.flags > kBodyShared || head.reserved != 0) return no_frame("with unknown flags");
  const std::uint64_t most = head.flags == kBodyShared ? kFrameSharedBytes : kFrameInsideBytes;
  if (head.fields_length > kFrameInsideBytes || head.body_length > most)
    return no_frame("beyond the limits");
  return std::nullopt;
}

Result<FrameFields> decode_fields(std::string_view bytes) {
  FrameFields fields;
  if (bytes.empty()) return fields;
  if (bytes.back() != '\0') return no_frame("fields that end without NUL");
  while (!bytes.empty()) {
    const std::size_t name_end = bytes.find('\0');
    const std::size_t value_end = bytes.find('\0', name_end + 1);
    if (value_end == std::string_view::npos) return no_frame("a field without a value");
    fields.add(bytes.substr(0, name_end), bytes.substr(name_end + 1, value_end - name_end - 1));
    bytes.remove_prefix(value_end + 1);
  }
  return fields;
}

}  // namespace

const std::string* FrameFields::find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.first == name; });
  return found == fields_.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> FrameFields::find_number(std::string_view name) const {
  const std::string* const text = find(name);
  const std::optional<std::int64_t> number = text == nullptr ? std::nullopt : parse_int(*text);
  return number && *number >= 0 ? number : std::nullopt;
}

Result<std::string> encode_frame_head(FrameKind kind, const FrameFields& fields,
                                      std::uint64_t body_length, bool body_shared) {
  std::size_t length = 0;
  for (const auto& [name, value] : fields.all()) {
    if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos)
      return invalid_argument("the field '" + name.substr(0, 100) + "' has a NUL");
    length += name.size() + value.size() + 2;
  }
  if (length > kFrameInsideBytes) return limit_exceeded("fields beyond a frame's limit");
  if (body_length > (body_shared ? kFrameSharedBytes : kFrameInsideBytes))
    return limit_exceeded("a body beyond a frame's limit");
  Head head;
  head.kind = static_cast<std::uint8_t>(kind);
  head.flags = body_shared ? kBodyShared : 0;
  head.fields_length = static_cast<std::uint32_t>(length);
  head.body_length = body_length;
  std::string out(kFrameHeadBytes, '\0');
  std::memcpy(out.data(), &head, sizeof head);
  out.reserve(kFrameHeadBytes + length);
  for (const auto& [name, value] : fields.all()) {
    out.append(name).push_back('\0');
    out.append(value).push_back('\0');
  }
  return out;
}

Result<std::optional<WorkerFrame>> WorkerFrameParser::next() {
  const std::string_view left = std::string_view(input_).substr(at_);
  if (left.size() < kFrameHeadBytes) return std::optional<WorkerFrame>();
  Head head;
  std::memcpy(&head, left.data(), sizeof head);
  if (auto fault = fault_of(head)) return *fault;
  const bool shared = head.flags == kBodyShared;
  const auto inside = static_cast<std::size_t>(shared ? 0 : head.body_length);
  const std::size_t length = kFrameHeadBytes + head.fields_length + inside;
  if (left.size() < length) return std::optional<WorkerFrame>();
  WorkerFrame frame;
  frame.kind = static_cast<FrameKind>(head.kind);
  CLARY_TRY(frame.fields, decode_fields(left.substr(kFrameHeadBytes, head.fields_length)));
  frame.body_shared = shared;
  frame.body_length = head.body_length;
  frame.body = left.substr(kFrameHeadBytes + head.fields_length, inside);
  at_ += length;
  if (at_ == input_.size()) {
    input_.clear();
    at_ = 0;
  }
  return std::optional<WorkerFrame>(std::move(frame));
}

}  // namespace clary::serving
