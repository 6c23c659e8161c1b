// A job's series of measurements as text for people: one line each, with its course where that can
// be drawn. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/document.h"
#include "cli/terminal.h"

namespace clary::cli {

struct SeriesPoint {
  double time = 0;  // epoch seconds
  double value = 0;
};

struct Series {
  std::string name;    // "CPUUtilization", "train:loss"
  bool usage = false;  // measured of the host, in percent; else printed by the script
  std::vector<SeriesPoint> points;
};

// {"series": [{"name", "usage", "points": [[epoch seconds, value], ...]}, ...]}
std::vector<Series> series_of(const Document& reply);

// The values as columns of different height, the first to the left: `width` columns at most, each
// the mean of those that fall on it. lowest, highest: what the smallest and the largest column
// stand for.
std::string sparkline(const std::vector<SeriesPoint>& points, std::size_t width, double lowest,
                      double highest);

// A line per series: name, course (on a terminal with UTF-8), mean and highest for usage; first and
// last for a metric.
std::string usage_text(const std::vector<Series>& series, const Terminal& terminal);
std::string metrics_text(const std::vector<Series>& series, const Terminal& terminal);

}  // namespace clary::cli
