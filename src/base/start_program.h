// Starts a program in a process of its own, whatever threads this one has.
//
// The program's process leads a process group of its own, has every signal as in a new program, and
// of this process's descriptors those it is given and those that are not close-on-exec. Any thread;
// blocks until the program is executed.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary {

struct ProgramStart {
  std::vector<std::string> command;  // argv; [0] is a path, or a name looked up on PATH
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; nothing: this process's own
  std::string folder;                                   // working directory; "": this process's own
  std::array<int, 3> streams = {-1, -1, -1};            // its standard streams; -1: /dev/null
  int fourth = -1;               // what its descriptor 3 shall be; -1: nothing
  std::uint64_t open_files = 0;  // its soft RLIMIT_NOFILE; 0: this process's own
  // A folder or a program on a file system that does not answer is given up then.
  Duration timeout = std::chrono::seconds(30);
};

// The process's id, which the caller waits for. NotFound, Denied and others: it could not be
// started; Timeout.
Result<pid_t> start_program(const ProgramStart& start);

// waitpid(2): how the process ended, as it gives it.
int wait_for_process(pid_t pid);

// pidfd_open(2): readable when the child has ended. Not valid on kernels before 5.3.
Fd open_process(pid_t child);

// After SIGKILL. A child that hangs in the kernel, on a file system that does not answer, ends when
// that lets it go: nobody waits longer than a second, then a thread stays behind to reap it.
void reap_killed_process(pid_t child);

}  // namespace clary
