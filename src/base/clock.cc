#include "base/clock.h"

namespace clary {

TimePoint SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Duration SystemClock::steady() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

ManualClock::ManualClock(TimePoint start) : start_(start) {}

TimePoint ManualClock::now() const {
  std::lock_guard lock(mutex_);
  return start_ + elapsed_;
}

Duration ManualClock::steady() const {
  std::lock_guard lock(mutex_);
  return elapsed_;
}

void ManualClock::advance(Duration by) {
  std::lock_guard lock(mutex_);
  elapsed_ += by;
}

}  // namespace clary
