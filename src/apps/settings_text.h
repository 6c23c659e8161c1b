// What of a settings file is looked at before toml++ is. Any thread; no state.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace clary::apps {

// The line, from 1, of the first letter beyond ASCII that stands outside strings and comments: TOML
// has no place for one, and toml++ 3.3 does not survive it (undefined behaviour where it takes the
// letter for a name). Nothing where there is none.
std::optional<std::size_t> line_of_stray_letter(std::string_view text);

}  // namespace clary::apps
