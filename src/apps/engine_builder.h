// `clary environments build-engine`: compiles the torch plugin that travels inside the program with
// the machine's compiler, against the torch of an environment.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::apps {

struct EngineBuild {
  std::string data_folder;
  std::string environment;                                     // its name
  std::string python;                                          // its interpreter
  std::string compiler;                                        // "": g++, else c++
  std::function<void(std::string_view piece)> on_output = {};  // what the compiler prints
};

struct BuiltEngine {
  std::string library;  // path
  std::string torch;    // "2.13.0+cpu"
};

// Takes the place of the one that was built before, also while a server has that open.
// NotFound: no torch with headers, no compiler. InvalidArgument: it does not compile, and why.
Result<BuiltEngine> build_engine(const EngineBuild& build);

}  // namespace clary::apps
