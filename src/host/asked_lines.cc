#include "host/asked_lines.h"

#include <chrono>

#include "base/strings.h"
#include "base/subprocess.h"

namespace clary::host {

Result<std::vector<std::string>> asked_lines(const std::vector<std::string>& command) {
  CLARY_TRY(const SubprocessResult said,
            run_subprocess({.command = command, .timeout = std::chrono::seconds(60)}));
  if (said.exit_code != 0)
    return unavailable("'" + command.front() + "': " + std::string(trim(said.errors)));
  std::vector<std::string> lines;
  for (const std::string_view line : split(said.output, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  return lines;
}

}  // namespace clary::host
