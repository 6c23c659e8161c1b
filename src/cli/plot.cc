#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/files.h"
#include "base/strings.h"
#include "base/subprocess.h"

namespace clary::cli {
namespace {

constexpr int kWidth = 1000;      // pixels
constexpr int kPlotHeight = 280;  // pixels, of each plot
constexpr Duration kDrawingPatience = std::chrono::seconds(60);

// In single quotes gnuplot reads a text as it is; a quote is written twice.
std::string gnuplot_text(std::string_view text) {
  std::string plain;
  for (const char c : text) plain += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return "'" + replace_all(plain, "'", "''") + "'";
}

std::string plot_line(const std::vector<std::pair<std::size_t, std::string>>& curves) {
  std::string text;
  for (const auto& [number, name] : curves) {
    text += fmt::format("{} $s{} using 1:2 with linespoints pointtype 7 pointsize 0.3 title {}",
                        text.empty() ? "plot" : ",", number, gnuplot_text(name));
  }
  return text + "\n";
}

}  // namespace

std::string plot_script(std::string_view title, const std::vector<Series>& series,
                        const std::string& file) {
  double first = std::numeric_limits<double>::max();
  for (const Series& one : series) first = std::min(first, one.points.front().time);
  std::string text;
  std::vector<std::pair<std::size_t, std::string>> usage;
  std::size_t metrics = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    text += fmt::format("$s{} << END\n", i);
    for (const SeriesPoint& point : series[i].points)
      text += fmt::format("{:.3f} {:.9g}\n", point.time - first, point.value);
    text += "END\n";
    if (series[i].usage)
      usage.emplace_back(i, series[i].name);
    else
      ++metrics;
  }
  const std::size_t plots = metrics + (usage.empty() ? 0 : 1);
  text += fmt::format("set terminal png size {},{} noenhanced\nset output {}\n", kWidth,
                      kPlotHeight * static_cast<int>(plots) + 40, gnuplot_text(file));
  text += "set grid\nset key outside right top\nset xlabel 'seconds'\n";
  text += fmt::format("set multiplot layout {},1 title {}\n", plots, gnuplot_text(title));
  if (!usage.empty())
    text += "set ylabel '%'\nset yrange [0:*]\n" + plot_line(usage) + "set yrange [*:*]\n";
  text += "set ylabel ''\n";
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!series[i].usage) text += plot_line({{i, series[i].name}});
  }
  return text + "unset multiplot\n";
}

Status draw_plot(std::string_view title, const std::vector<Series>& series,
                 const std::string& file) {
  if (series.empty()) return conflict("nothing to draw: there are no measurements and no metrics");
  const std::string script = file + ".gnuplot";
  CLARY_RETURN_IF_ERROR(write_file_atomically(script, plot_script(title, series, file)));
  const auto drawn = run_subprocess({.command = {"gnuplot", script}, .timeout = kDrawingPatience});
  static_cast<void>(remove_tree(script));
  if (!drawn.ok() || drawn->exit_code == 127)
    return unsupported(
        "gnuplot draws the picture and cannot be run; run: apt-get install gnuplot-nox");
  if (drawn->exit_code != 0) return internal_error("gnuplot: " + std::string(trim(drawn->errors)));
  return {};
}

}  // namespace clary::cli
