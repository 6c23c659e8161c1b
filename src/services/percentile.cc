#include "services/percentile.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace clary::services {

std::optional<double> parse_percentile(std::string_view statistic) {
  if (!statistic.starts_with('p')) return std::nullopt;
  statistic.remove_prefix(1);
  if (statistic.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const auto percent = parse_double(statistic);
  return percent && *percent >= 0 && *percent <= 100 ? percent : std::nullopt;
}

double percentile(const std::vector<double>& sorted, double percent) {
  const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

}  // namespace clary::services
