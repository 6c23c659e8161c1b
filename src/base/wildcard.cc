#include "base/wildcard.h"

#include <limits>

namespace clary {

bool wildcard_match(std::string_view pattern, std::string_view text, Wildcards wildcards) {
  std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();
  return wildcard_match(pattern, text, wildcards, unbounded);
}

bool wildcard_match(std::string_view pattern, std::string_view text, Wildcards wildcards,
                    std::uint64_t& characters_left) {
  const auto is_one = [&](std::size_t p, std::size_t t) {
    return pattern[p] == text[t] || (pattern[p] == '?' && wildcards == Wildcards::kRunAndOne);
  };
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (characters_left == 0) return false;
    --characters_left;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && is_one(p, t)) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace clary
