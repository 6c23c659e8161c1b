// Patterns with wildcards, as AWS's policies and log filters have them. Pure; any thread.
#pragma once

#include <string_view>

namespace clary {

enum class Wildcards {
  kRun,        // *: any run of characters, none too
  kRunAndOne,  // and ?: any one character
};

// Linear in both lengths but for backtracking to the last *.
bool wildcard_match(std::string_view pattern, std::string_view text,
                    Wildcards wildcards = Wildcards::kRunAndOne);

}  // namespace clary
