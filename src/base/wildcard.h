// Patterns with wildcards, as AWS's policies and log filters have them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace clary {

enum class Wildcards {
  kRun,        // *: any run of characters, none too
  kRunAndOne,  // and ?: any one character
};

// Linear in both lengths but for backtracking to the last *: at worst their product.
bool wildcard_match(std::string_view pattern, std::string_view text,
                    Wildcards wildcards = Wildcards::kRunAndOne);
// Takes from `characters_left` each character that is looked at; where it is used up, the text does
// not match.
bool wildcard_match(std::string_view pattern, std::string_view text, Wildcards wildcards,
                    std::uint64_t& characters_left);

}  // namespace clary
