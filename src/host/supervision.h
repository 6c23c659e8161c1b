// Watches one process of the user's to its end: time limit, stop request, grace, kill.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "compute/sandbox.h"
#include "host/stop_signal.h"

namespace clary::host {

struct SupervisionLimits {
  Duration max_runtime = std::chrono::hours(24);
  Duration stop_grace =
      std::chrono::seconds(120);  // between SIGTERM and SIGKILL, where the request names none
  // Whether the job has taken more than it may; asked often. It is then killed at once.
  std::function<bool()> exceeded = {};
  // Whether what the process is there for is done; asked often. It is then told to end.
  std::function<bool()> done = {};
};

// A plan's max_runtime_seconds: 0 is no limit.
inline Duration runtime_limit(std::int64_t seconds) {
  return seconds > 0 ? Duration(std::chrono::seconds(seconds)) : Duration::max();
}

enum class StopCause { kNone, kRequest, kMaxRuntime, kExceeded, kDone };

struct Supervision {
  compute::ExitStatus status;
  StopCause stopped_by = StopCause::kNone;  // whether it was told to end before it ended
  bool killed = false;                      // it did not heed SIGTERM
  Duration ran{0};
};

// Returns when the process has ended; what it left behind in its sandbox has been killed then.
// on_stop: called once, when the process is told to end (not when it is killed at once), with the
// reason for people.
// Errors: what the sandbox said; Internal when even SIGKILL does not end the process within a
// minute.
Result<Supervision> supervise(compute::SandboxedProcess& process, const StopSignal& stop,
                              const SupervisionLimits& limits, const Clock& clock,
                              const std::function<void(StopCause)>& on_stop);

}  // namespace clary::host
