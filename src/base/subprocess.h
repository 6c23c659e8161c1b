// Runs a command to its end and keeps what it wrote. For short programs of the server's own: a
// probe, a pip, a git.
//
// The command runs in a process group of its own, with standard input closed; when its time is up
// the whole group is killed. A command that hangs in the kernel survives that: a second later it
// is left to itself, and reaped when it ends. Any thread; blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace clary {

struct SubprocessOptions {
  std::vector<std::string> command;  // argv; [0] is a path, or a name looked up on PATH
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; nothing: this process's own
  std::string folder;                                   // working directory; "": this process's own
  Duration timeout = std::chrono::seconds(30);
  std::size_t output_limit_bytes = std::size_t{4} << 20;  // of each stream; what follows is dropped
  std::uint64_t open_files = 0;  // soft RLIMIT_NOFILE of the command; 0: this process's own
  std::function<void(std::string_view piece)> on_output;  // sees both streams as they come
};

struct SubprocessResult {
  int exit_code = 0;  // 128 + signal number when a signal ended it, as in a shell
  std::string output;
  std::string errors;
};

// NotFound, Denied: it could not be started; Timeout: it was killed. A command that fails is a
// result, not an error.
Result<SubprocessResult> run_subprocess(const SubprocessOptions& options);

}  // namespace clary
