// How many of the waiting requests a free lane takes at once. Pure.
//
// A free lane never waits for more requests: while it has something to do it works, so that a
// batch is never slower than no batch for want of company. Batches form by themselves when all
// lanes are busy; their size is the one that was measured to take the least time per request.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace clary::serving {

// What batches took lately, by their size in powers of two. A value.
class BatchTimes {
 public:
  static constexpr std::size_t kSizes = 11;  // 1 to 1024

  // size ≥ 1: 3 counts as 2, and its time as that of 2.
  void add(std::size_t size, Duration took);
  // Of one batch of so many, the mean; nothing when none was seen.
  std::optional<Duration> of(std::size_t size) const;
  // What 99 of 100 such batches take at most, taken to be spread as a normal distribution is.
  std::optional<Duration> slow_of(std::size_t size) const;

 private:
  static std::size_t index_of(std::size_t size) {
    return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(size)) - 1, kSizes - 1);
  }
  std::array<double, kSizes> microseconds_{};  // moving averages; 0: not seen
  std::array<double, kSizes> variances_{};     // likewise
};

struct BatchSnapshot {
  std::size_t waiting = 1;
  std::size_t most = 1;                      // 1: the model takes no batches
  std::size_t free_lanes = 1;                // this one included: what waits is shared with them
  Duration latency_limit = Duration::max();  // 99 of 100 batches of a size that is used hold it
  bool look_again = false;  // now and then: tries the next larger size although it did not pay
};

// 1 to min(waiting, most). Precondition: waiting ≥ 1.
std::size_t choose_batch(const BatchSnapshot& now, const BatchTimes& times);

}  // namespace clary::serving
