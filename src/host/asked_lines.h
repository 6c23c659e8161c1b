// What a short program answers, line by line: an interpreter that is asked about itself.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace clary::host {

// Its standard output's lines, trimmed, without blank ones. command: argv. Unavailable when it
// fails.
Result<std::vector<std::string>> asked_lines(const std::vector<std::string>& command);

}  // namespace clary::host
