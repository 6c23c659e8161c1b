// Who may wait for a model, and what the others are told. Pure functions of snapshots.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace clary::serving {

struct QueueLimits {
  std::size_t waiting = 256;                          // calls without a lane
  std::uint64_t held_bytes = std::uint64_t{1} << 30;  // of the bodies of all calls not yet answered
};

struct QueueSnapshot {
  std::size_t waiting = 0;
  std::uint64_t held_bytes = 0;
  std::size_t lanes = 1;     // that the model shall have
  bool reachable = true;     // some lane is open, or will be again soon
  std::string reason;        // why it is not reachable
  Duration service_time{0};  // of one call in a lane, lately; 0: not known
};

struct Refusal {
  std::string sentence;
  std::chrono::seconds retry_after{1};  // said with a 503
  int status = 503;
};

// Nothing: the call may wait. body_bytes: of its body, as far as they are known.
std::optional<Refusal> refusal_of(const QueueSnapshot& queue, const QueueLimits& limits,
                                  std::uint64_t body_bytes);

// When a caller that is sent away will probably find a place: the time that those who wait take all
// together, from one second to a minute.
std::chrono::seconds retry_after(const QueueSnapshot& queue);

}  // namespace clary::serving
