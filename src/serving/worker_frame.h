// The frames between a model server and its Python processes: docs/formats/worker-frames.md. Values
// and a parser of bytes; knows no sockets. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace clary::serving {

enum class FrameKind : std::uint8_t {
  kStart = 1,
  kStarted = 2,
  kIsEnded = 3,
  kEnded = 4,
  kReady = 5,
  kFailed = 6,
  kRequest = 7,
  kAnswer = 8,
  kPreloaded = 9,
  kPiece = 10,
  kEnd = 11,
  kStop = 12,
};

// In their order; a name may come twice.
class FrameFields {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  // The first, or nullptr.
  const std::string* find(std::string_view name) const;
  // The first as a number ≥ 0; nothing when it is absent or is none.
  std::optional<std::int64_t> find_number(std::string_view name) const;
  const std::vector<Field>& all() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// A frame without a body that stands in a descriptor: that is the socket's to fetch.
struct WorkerFrame {
  FrameKind kind = FrameKind::kRequest;
  FrameFields fields;
  bool body_shared = false;
  std::uint64_t body_length = 0;
  std::string body;  // when it is not shared
};

inline constexpr std::size_t kFrameHeadBytes = 16;
inline constexpr std::size_t kFrameInsideBytes = 1 << 20;  // of fields, and of a body inside
inline constexpr std::uint64_t kFrameSharedBytes = std::uint64_t{1} << 40;

// Head and fields, ready to be followed by the body. InvalidArgument for a field with a NUL,
// LimitExceeded for one beyond the format's limits.
Result<std::string> encode_frame_head(FrameKind kind, const FrameFields& fields,
                                      std::uint64_t body_length, bool body_shared);

// Takes bytes as they arrive and gives frames.
class WorkerFrameParser {
 public:
  void put(std::string_view bytes) { input_ += bytes; }
  // The next frame; nothing while it is not complete. After an error the connection is of no use.
  Result<std::optional<WorkerFrame>> next();
  // Whether bytes of a frame that is not complete have arrived.
  bool is_inside_frame() const { return at_ < input_.size(); }

 private:
  std::string input_;
  std::size_t at_ = 0;
};

}  // namespace clary::serving
