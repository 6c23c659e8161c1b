#include "cli/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/time_text.h"
#include "cli/table.h"

namespace clary::cli {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

}  // namespace

std::optional<TimePoint> time_of(const Document& object, std::string_view member) {
  const double seconds = object.double_or(member, -1);
  if (seconds < 0) return std::nullopt;
  return from_epoch_seconds(seconds);
}

std::vector<Stretch> stretches_of(const Document& job) {
  std::vector<Stretch> stretches;
  const Document* list = job.find("SecondaryStatusTransitions");
  const auto* array = list == nullptr ? nullptr : list->as_array();
  if (array == nullptr) return stretches;
  for (const Document& entry : *array) {
    const auto start = time_of(entry, "StartTime");
    if (!start) continue;
    stretches.push_back({.name = entry.string_or("Status", ""),
                         .message = entry.string_or("StatusMessage", ""),
                         .start = *start,
                         .end = time_of(entry, "EndTime")});
  }
  return stretches;
}

std::vector<Stretch> stretches_of_events(const Document& timeline) {
  std::vector<Stretch> stretches;
  const Document* list = timeline.find("events");
  if (list == nullptr || list->as_array() == nullptr) return stretches;
  for (const Document& event : *list->as_array()) {
    const std::string status = event.string_or("status", "");
    const auto time = time_of(event, "time");
    if (status.empty() || !time) continue;
    if (!stretches.empty()) stretches.back().end = time;
    const bool is_end = status == "Completed" || status == "Failed" || status == "Stopped";
    stretches.push_back({.name = status,
                         .message = event.string_or("message", ""),
                         .start = *time,
                         .end = is_end ? time : std::nullopt});
  }
  return stretches;
}

std::string bar(double share, BarStyle style) {
  if (!(share > 0)) return "";
  const double columns = std::min(share, 1.0) * static_cast<double>(style.width);
  if (!style.utf8)
    return std::string(static_cast<std::size_t>(std::max(1L, std::lround(columns))), '#');
  const auto eighths = static_cast<std::size_t>(std::max(1L, std::lround(columns * 8)));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + std::string(kEighths[eighths % 8]);
}

std::string format_timeline(const std::vector<Stretch>& stretches, TimePoint now, BarStyle style) {
  std::vector<Seconds> lengths;
  Seconds whole{0};
  for (const Stretch& stretch : stretches) {
    lengths.push_back(std::max(Seconds(stretch.end.value_or(now) - stretch.start), Seconds(0)));
    whole += lengths.back();
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    const bool is_end = stretch.name == "Completed" || stretch.name == "Failed" ||
                        stretch.name == "Stopped" || stretch.name == "MaxRuntimeExceeded";
    if (is_end) {
      rows.push_back({"  " + stretch.name});
      continue;
    }
    const double share = whole.count() > 0 ? lengths[i].count() / whole.count() : 0;
    std::string took = format_duration(std::chrono::duration_cast<Duration>(lengths[i]));
    if (!stretch.end) took += " so far";
    rows.push_back({"  " + stretch.name, std::move(took), fmt::format("{:.0f} %", share * 100),
                    bar(share, style)});
  }
  return format_table({}, rows);
}

}  // namespace clary::cli
