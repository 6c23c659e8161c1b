#include <signal.h>

#include <cerrno>
#include <thread>

#include "cli/commands.h"
#include "cli/server_record.h"

namespace clary::cli {

ExitCode down(const Context& context, const DownOptions& options) {
  const auto holder = lock_holder(context.data_folder);
  if (!holder) {
    context.terminal.say("clary: no server is running on data directory '" + context.data_folder +
                         "'");
    return ExitCode::kOk;
  }
  if (*holder <= 1)
    return fail(context, internal_error("'" + context.data_folder + "/lock' names no process"));
  if (::kill(*holder, SIGTERM) != 0 && errno != ESRCH) {
    return fail(context, system_error("stop process " + std::to_string(*holder)));
  }
  const Duration deadline = context.tools.clock->steady() + options.patience;
  while (lock_holder(context.data_folder)) {
    if (context.tools.clock->steady() >= deadline) {
      context.terminal.progress("");
      return fail(context, internal_error("process " + std::to_string(*holder) +
                                          " has been asked to stop and still runs"));
    }
    context.terminal.progress("stopping clary ...");
    std::this_thread::sleep_for(kLookAgain);
  }
  context.terminal.progress("");
  context.terminal.say("clary has stopped; running jobs go on, and are found again by `clary up`");
  return ExitCode::kOk;
}

}  // namespace clary::cli
