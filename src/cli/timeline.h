// Where a job's time went, as bars. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"

namespace clary::cli {

// A member that holds seconds since the epoch; nothing where it is absent.
std::optional<TimePoint> time_of(const Document& object, std::string_view member);

// One stretch of a job's life.
struct Stretch {
  std::string name;     // "Training"
  std::string message;  // "Training image download completed. Training in progress."
  TimePoint start;
  std::optional<TimePoint> end;  // nothing: it goes on
};

// SecondaryStatusTransitions of DescribeTrainingJob, in their order.
std::vector<Stretch> stretches_of(const Document& job);

// The same of the server's page of a job's events, for jobs whose description has no transitions.
std::vector<Stretch> stretches_of_events(const Document& timeline);

struct BarStyle {
  bool utf8 = false;
  std::size_t width = 40;  // columns of the longest bar
};

// A line per stretch: name, duration, bar, share. A bar's length is its share of the whole; a
// stretch that took any time has at least the shortest bar. What goes on is measured to `now`. The
// last stretch of a job that is over takes no time: it has no bar.
std::string format_timeline(const std::vector<Stretch>& stretches, TimePoint now, BarStyle style);

// share: 0 to 1 of the width. With UTF-8 in eighths of a column, else in '#'.
std::string bar(double share, BarStyle style);

}  // namespace clary::cli
