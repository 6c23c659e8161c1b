#include "services/offset_page.h"

#include <algorithm>

#include "base/strings.h"

namespace clary::services {

std::optional<std::size_t> offset_of(const std::optional<std::string>& token) {
  if (!token) return std::size_t{0};
  const std::optional<std::int64_t> offset = parse_int(*token);
  if (!offset || *offset < 0) return std::nullopt;
  return static_cast<std::size_t>(*offset);
}

std::optional<OffsetPage> offset_page(std::size_t count, const std::optional<std::string>& token,
                                      std::int64_t most) {
  const std::optional<std::size_t> offset = offset_of(token);
  if (!offset) return std::nullopt;
  OffsetPage page{.begin = std::min(count, *offset), .end = count, .next = {}};
  page.end = page.begin + std::min(count - page.begin, static_cast<std::size_t>(most));
  if (page.end < count) page.next = std::to_string(page.end);
  return page;
}

}  // namespace clary::services
