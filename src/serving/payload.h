// Payload: the bytes of a request's or an answer's body.
//
// Small ones stand in memory. From kSharedFromBytes on they stand in a file without a name
// (memfd_create(2)) that a worker process maps: written once as they arrive, copied nowhere after.
// Movable; used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::serving {

class Payload {
 public:
  static constexpr std::size_t kSharedFromBytes = 64 << 10;

  Payload() = default;
  explicit Payload(std::string bytes) : inside_(std::move(bytes)), size_(inside_.size()) {}
  // A descriptor whose first `size` bytes are the body.
  Payload(Fd descriptor, std::uint64_t size) : shared_(std::move(descriptor)), size_(size) {}

  // Adds what has arrived; moves to shared memory when that is more than belongs in memory.
  // LimitExceeded when the machine has no more of it.
  Status append(std::string_view piece);

  std::uint64_t size() const { return size_; }
  bool is_shared() const { return shared_.valid(); }
  // Of one that is not shared.
  const std::string& inside() const { return inside_; }
  // Of one that is.
  const Fd& descriptor() const { return shared_; }

  // A reply's body: in Reply::body, or as a source of it.
  void move_into(net::Reply& reply) &&;
  // All of it. For tests, and for engines that work in this process.
  Result<std::string> to_text() const;

 private:
  std::string inside_;
  Fd shared_;
  std::uint64_t size_ = 0;
};

}  // namespace clary::serving
