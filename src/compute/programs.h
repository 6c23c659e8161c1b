// Programs of the machine that jobs are run with: where they are looked for, and what brings one
// that is missing. Thread-safe: no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::compute {

struct NeededProgram {
  std::string_view name;
  std::string_view package;  // of Debian
};

// What starts a host program: tools of the shell script in gang_files.cc.
const std::vector<NeededProgram>& starting_programs();

// The process's PATH, then the standard folders that it lacks: a server may have been started from
// anywhere.
std::string program_path();

// Whether a folder of `path` has every one of them. Unsupported: names the first that is missing,
// and the command that brings it.
Status check_programs(const std::vector<NeededProgram>& programs, std::string_view path);

}  // namespace clary::compute
