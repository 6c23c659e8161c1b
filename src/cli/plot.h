// A job's series as a picture, drawn by gnuplot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/series_text.h"

namespace clary::cli {

// What gnuplot is told: utilisation in one plot, every metric in one of its own below, over the
// seconds since the first point. Pure.
std::string plot_script(std::string_view title, const std::vector<Series>& series,
                        const std::string& file);

// Writes the PNG `file`. Unsupported, with what to install, where there is no gnuplot; Conflict
// when there is nothing to draw.
Status draw_plot(std::string_view title, const std::vector<Series>& series,
                 const std::string& file);

}  // namespace clary::cli
