// Sections of AWS's configuration files, changed without touching the others. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clary::cli {

using ProfileLines = std::vector<std::pair<std::string, std::string>>;

// The first line of a file that Clary has made, and of each of its sections.
inline constexpr std::string_view kMade = "# Made by `clary env --install`.\n";

// Whether `text` has a section [name] that another has made: it does not begin with kMade, and the
// text does not.
bool has_section_of_others(std::string_view text, std::string_view name);

// `text` with the section [name] of these lines, in the old one's place or at the end; no lines:
// without the section. Comments and blank lines before the next section belong to that one.
std::string with_section(std::string_view text, std::string_view name, const ProfileLines& lines);

}  // namespace clary::cli
