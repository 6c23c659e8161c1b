#include "cli/option_checks.h"

#include "base/strings.h"

namespace clary::cli {

std::string seconds_check(const std::string& text) {
  const auto seconds = parse_double(text);
  constexpr double kMost = 1e6;
  return seconds && *seconds >= 0 && *seconds <= kMost ? ""
                                                       : "'" + text + "' is no number of seconds";
}

std::string count_check(const std::string& text) {
  const auto count = parse_int(text);
  return count && *count > 0 ? "" : "must be 1 or more, not '" + text + "'";
}

std::string folder_check(const std::string& text) {
  return text.empty() ? "an empty name is no folder" : "";
}

}  // namespace clary::cli
