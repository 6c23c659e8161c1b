// What a requirements.txt asks for, as the key under which its installation is kept.
//
// Reads the code folder; everything it names is hashed: included files, local paths. Source:
// DESIGN 7.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::host {

struct RequirementInput {
  std::string code_folder;             // on this machine
  std::vector<std::string> arguments;  // of python: install_arguments()
  std::string python;                  // the interpreter's path
  std::string python_version;
  std::vector<std::string> base_packages;           // "torch==2.13.0": what the environment has
  std::map<std::string, std::string> pip_settings;  // PIP_*: index, find-links, ...
};

struct RequirementKey {
  std::string key;         // 64 hexadecimal digits
  bool all_pinned = true;  // every line names one version, hash or local path: never out of date
  std::vector<std::string> included;  // files read, relative to the code folder
};

// InvalidArgument when an included file leads out of the code folder, or includes itself without
// end.
Result<RequirementKey> requirement_key(const RequirementInput& input);

// Whether a line of a requirements file can mean only one thing: `name==1.2`, a URL with a hash, a
// local path, an option.
bool is_pinned_line(std::string_view line);

// The path that a line installs from or looks into (`./pkg`, `-e ./pkg`, `file:///x`, `-f
// ./wheels`); "" for none.
std::string local_path_of(std::string_view line);

// SHA-256 over a file's bytes, or over the names and bytes of a tree, in order.
Result<std::string> tree_digest(const std::string& path);

// pip's settings as environment variables, from the output of `pip config list`.
std::map<std::string, std::string> pip_variables(std::string_view config_list);

}  // namespace clary::host
