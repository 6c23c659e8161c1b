// Sections of AWS's configuration files, changed without touching the others. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clary::cli {

using ProfileLines = std::vector<std::pair<std::string, std::string>>;

// `text` with the section [name] of these lines, in the old one's place or at the end; no lines:
// without the section. Comments and blank lines before the next section belong to that one.
std::string with_section(std::string_view text, std::string_view name, const ProfileLines& lines);

}  // namespace clary::cli
