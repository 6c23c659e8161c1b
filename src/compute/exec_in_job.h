// A command beside a running process of a job: in its namespaces, with its environment, in its
// working folder, as who it is, without capabilities.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace clary::compute {

struct ExecOptions {
  pid_t pid = 0;                  // of the process
  std::vector<std::string> argv;  // empty: a shell
  // TERM of the caller's terminal; used when standard input and output are one. The command then
  // has a terminal of its own, whose other end this process moves to and fro.
  std::string terminal_type;
};

// Runs the command with this process's standard streams and returns its exit code, 128 and the
// signal for one that was killed. Conflict: the process has ended; Denied: it is somebody else's;
// NotFound: it has no such command.
Result<int> exec_in_job(const ExecOptions& options);

}  // namespace clary::compute
