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

double percentile(const std::vector<Measured>& sorted, double percent) {
  double total = 0;
  for (const Measured& one : sorted) total += one.count;
  const double place = percent / 100 * std::max(total - 1, 0.0);
  // The value that stands at a place, counted from 0, and at any beyond the end the last one.
  const auto at = [&sorted](double wanted) {
    double passed = 0;
    for (const Measured& one : sorted) {
      passed += one.count;
      if (passed > wanted) return one.value;
    }
    return sorted.back().value;
  };
  const double below = std::floor(place);
  return std::lerp(at(below), at(below + 1), place - below);
}

}  // namespace clary::services
