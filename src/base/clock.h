// Time, injected. Nothing else in the product asks the system what time it is.
#pragma once

#include <chrono>
#include <mutex>

namespace clary {

using Duration = std::chrono::microseconds;
using TimePoint = std::chrono::time_point<std::chrono::system_clock, Duration>;  // UTC

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time; may step backwards when the machine's clock is set.
  virtual TimePoint now() const = 0;
  // Time since an arbitrary origin; never goes backwards.
  virtual Duration steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  Duration steady() const override;
};

// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint(std::chrono::seconds(1'700'000'000)));
  TimePoint now() const override;
  Duration steady() const override;
  void advance(Duration by);

 private:
  mutable std::mutex mutex_;
  TimePoint start_;
  Duration elapsed_{0};
};

}  // namespace clary
