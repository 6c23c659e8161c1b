// `PROGRAM serve` as a process of its own session, which outlives the command that started it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace clary::cli {

struct BackgroundServer {
  pid_t pid = 0;
  // Its exit status, 128 + the signal's number where one ended it; nothing while it runs. Reaps it.
  std::optional<int> ended();
};

// command: argv. Output and errors go to the end of log_file (0600); input is empty; the working
// directory is /.
Result<BackgroundServer> start_in_background(const std::vector<std::string>& command,
                                             const std::string& log_file);

// Bytes in the file; 0 when it is absent.
std::uint64_t size_of(const std::string& file);
// What stands in the file after `offset`, at most the last 16 KiB of it.
std::string text_after(const std::string& file, std::uint64_t offset);

}  // namespace clary::cli
