// `PROGRAM serve` as a process of its own session, which outlives the command that started it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace clary::cli {

struct BackgroundServer {
  pid_t pid = 0;
  // Whether it has ended; reaps it.
  bool ended();
};

// command: argv. Output and errors go to the end of log_file (0600); input is empty; the working
// directory is /.
Result<BackgroundServer> start_in_background(const std::vector<std::string>& command,
                                             const std::string& log_file);

// The last lines of a file, at most `bytes`.
std::string tail_of(const std::string& file, std::size_t bytes);

}  // namespace clary::cli
