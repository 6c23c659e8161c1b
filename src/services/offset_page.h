// Lists whose page tokens are numbers: how many elements stand before the page. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace clary::services {

// How many elements a token says to pass over, none without one; absent: it is none of ours.
std::optional<std::size_t> offset_of(const std::optional<std::string>& token);

// The elements [begin, end) of a list, and the token of what follows them.
struct OffsetPage {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::string> next;
};
// most: at least 1. Absent: the token is none of ours.
std::optional<OffsetPage> offset_page(std::size_t count, const std::optional<std::string>& token,
                                      std::int64_t most);

}  // namespace clary::services
