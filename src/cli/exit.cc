#include "cli/commands.h"

namespace clary::cli {

ExitCode fail(const Context& context, const Error& error) {
  context.terminal.say("clary: " + harmless(error.message));
  switch (error.code) {
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
      return ExitCode::kNoServer;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace clary::cli
