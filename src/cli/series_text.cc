#include "cli/series_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/table.h"

namespace clary::cli {
namespace {

constexpr std::array<const char*, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

double number_of(const Document& value) {
  if (const auto* number = value.as_double()) return *number;
  if (const auto* number = value.as_int()) return static_cast<double>(*number);
  return 0;
}

double mean_of(const std::vector<SeriesPoint>& points) {
  double sum = 0;
  for (const SeriesPoint& point : points) sum += point.value;
  return sum / static_cast<double>(points.size());
}

std::size_t columns_for(const Terminal& terminal) {
  if (!terminal.traits().utf8) return 0;
  return std::clamp<std::size_t>(terminal.traits().width, 60, 120) - 45;
}

}  // namespace

std::vector<Series> series_of(const Document& reply) {
  std::vector<Series> all;
  const Document* list = reply.find("series");
  if (list == nullptr || !list->is_array()) return all;
  for (const Document& entry : *list->as_array()) {
    Series series{.name = entry.string_or("name", ""), .usage = entry.bool_or("usage", false)};
    const Document* points = entry.find("points");
    if (points != nullptr && points->is_array()) {
      for (const Document& point : *points->as_array()) {
        const Document::Array* both = point.as_array();
        if (both != nullptr && both->size() == 2)
          series.points.push_back({number_of((*both)[0]), number_of((*both)[1])});
      }
    }
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::string sparkline(const std::vector<SeriesPoint>& points, std::size_t width, double lowest,
                      double highest) {
  std::string text;
  const std::size_t columns = std::min(width, points.size());
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t from = column * points.size() / columns;
    const std::size_t to = std::max(from + 1, (column + 1) * points.size() / columns);
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += points[i].value;
    const double mean = sum / static_cast<double>(to - from);
    const double share = highest > lowest ? (mean - lowest) / (highest - lowest) : 0;
    const auto height = std::lround(std::clamp(share, 0.0, 1.0) * (kHeights.size() - 1));
    text += kHeights[static_cast<std::size_t>(height)];
  }
  return text;
}

std::string usage_text(const std::vector<Series>& series, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const Series& one : series) {
    if (!one.usage) continue;
    const double most = std::ranges::max(one.points, {}, &SeriesPoint::value).value;
    // Of several cores: more than 100.
    rows.push_back({"  " + harmless(one.name), fmt::format("mean {:.0f} %", mean_of(one.points)),
                    fmt::format("highest {:.0f} %", most),
                    sparkline(one.points, columns_for(terminal), 0, std::max(100.0, most))});
  }
  return format_table({}, rows);
}

std::string metrics_text(const std::vector<Series>& series, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const Series& one : series) {
    if (one.usage) continue;
    const auto [least, most] = std::ranges::minmax(one.points, {}, &SeriesPoint::value);
    rows.push_back({"  " + harmless(one.name),
                    fmt::format("first {:.6g}", one.points.front().value),
                    fmt::format("last {:.6g}", one.points.back().value),
                    sparkline(one.points, columns_for(terminal), least.value, most.value)});
  }
  return format_table({}, rows);
}

}  // namespace clary::cli
