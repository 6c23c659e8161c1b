#include "host/supervision.h"

#include <signal.h>

#include <optional>

namespace clary::host {
namespace {

// How long a stop request may go unseen.
constexpr Duration kGlance = std::chrono::milliseconds(100);
constexpr Duration kKillPatience = std::chrono::minutes(1);

}  // namespace

Result<Supervision> supervise(compute::SandboxedProcess& process, const StopSignal& stop,
                              const SupervisionLimits& limits, const Clock& clock,
                              const std::function<void(StopCause)>& on_stop) {
  const Duration begun = clock.steady();
  Supervision seen;
  Duration deadline = Duration::max();  // of the next, harder step
  for (;;) {
    CLARY_TRY(const std::optional<compute::ExitStatus> status, process.wait(kGlance));
    const Duration now = clock.steady();
    if (status) {
      seen.status = *status;
      seen.ran = now - begun;
      break;
    }
    if (seen.stopped_by != StopCause::kExceeded && limits.exceeded && limits.exceeded()) {
      seen.stopped_by = StopCause::kExceeded;
      seen.killed = true;
      deadline = now + kKillPatience;
      CLARY_RETURN_IF_ERROR(process.kill_all());
    }
    if (seen.stopped_by == StopCause::kNone) {
      const bool done = limits.done && limits.done();
      if (stop.requested())  // asked second: what is done may be so because of it
        seen.stopped_by = StopCause::kRequest;
      else if (done)
        seen.stopped_by = StopCause::kDone;
      else if (now - begun >= limits.max_runtime)
        seen.stopped_by = StopCause::kMaxRuntime;
      else
        continue;
      on_stop(seen.stopped_by);
      deadline =
          now + (seen.stopped_by == StopCause::kRequest ? stop.grace().value_or(limits.stop_grace)
                                                        : limits.stop_grace);
      CLARY_RETURN_IF_ERROR(process.signal(SIGTERM));
    } else if (now >= deadline && !seen.killed) {
      seen.killed = true;
      deadline = now + kKillPatience;
      CLARY_RETURN_IF_ERROR(process.kill_all());
    } else if (now >= deadline) {
      return internal_error("the script's process does not end, not even by SIGKILL");
    }
  }
  // Daemons and other orphans end with the script, as in a container.
  CLARY_RETURN_IF_ERROR(process.kill_all());
  return seen;
}

}  // namespace clary::host
