// Percentiles as CloudWatch names them. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace clary::services {

// "p99", "p99.9", "p0" to "p100" as a number; nothing for any other statistic ("tm99", "IQM",
// "PR(1:2)").
std::optional<double> parse_percentile(std::string_view statistic);

// sorted: ascending, not empty. percent in [0, 100]. Linear between the two nearest values (NumPy's
// default).
double percentile(const std::vector<double>& sorted, double percent);

}  // namespace clary::services
