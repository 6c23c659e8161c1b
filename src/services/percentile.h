// Percentiles as CloudWatch names them. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace clary::services {

// "p99", "p99.9", "p0" to "p100" as a number; nothing for any other statistic ("tm99", "IQM",
// "PR(1:2)").
std::optional<double> parse_percentile(std::string_view statistic);

// A value that was measured `count` times, more than 0.
struct Measured {
  double value = 0;
  double count = 1;
};

// sorted: by value, ascending, not empty. percent in [0, 100]. Linear between the two nearest
// values (NumPy's default), each as often as it was measured.
double percentile(const std::vector<Measured>& sorted, double percent);

}  // namespace clary::services
