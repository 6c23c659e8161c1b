// Entry points: which program a job's hyperparameters name, and the command that runs it.
//
// Pure. Source: training_env_oracle.md, sections 2, 4 and 7; contract 5.5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::host {

enum class EntryPointKind {
  kPythonProgram,  // python -- train.py ...; requirements.txt is installed first
  kPythonPackage,  // a setup.py stands at the root: pip install ., then python -m train ...
  kCommand,        // /bin/sh -c "./train.sh ..."; requirements.txt is not looked at
};

EntryPointKind entry_point_kind(std::string_view name, bool has_setup_py);

// A plain relative path inside the code folder: letters, digits, `. _ + - /`, no `.` or `..`
// segments, no leading `-` or `/`. InvalidArgument names the character and the mend.
Status check_entry_point(std::string_view name);

std::vector<std::string> entry_point_command(EntryPointKind kind, const std::string& python,
                                             const std::string& name,
                                             const std::vector<std::string>& arguments);

// The arguments of `python`'s pip for what stands in the code folder: {"-m", "pip", "install",
// ...}; empty when there is nothing to install.
std::vector<std::string> install_arguments(EntryPointKind kind, bool has_requirements);

// As Python's shlex.quote: bare when every character is safe.
std::string shlex_quote(std::string_view word);

}  // namespace clary::host
