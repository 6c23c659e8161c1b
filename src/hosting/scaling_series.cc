#include "hosting/scaling_series.h"

#include <algorithm>
#include <string>
#include <utility>

namespace clary::hosting {

using domain::ScalingMetric;
using telemetry::Aggregate;

namespace {

Duration rounded_down(TimePoint time, Duration length) {
  return time.time_since_epoch() - time.time_since_epoch() % length;
}

double statistic_of(const std::string& statistic, const Aggregate& all) {
  if (statistic == "Sum") return all.sum;
  if (statistic == "Minimum") return all.minimum;
  if (statistic == "Maximum") return all.maximum;
  if (statistic == "SampleCount") return all.count;
  return all.sum / all.count;
}

void join(Aggregate& all, const Aggregate& more) {
  const bool first = all.count == 0;
  all.sum += more.sum;
  all.count += more.count;
  all.minimum = first ? more.minimum : std::min(all.minimum, more.minimum);
  all.maximum = first ? more.maximum : std::max(all.maximum, more.maximum);
}

}  // namespace

PeriodSpan last_periods(TimePoint end, TimePoint since, Duration length, std::size_t most) {
  const Duration last = rounded_down(end, length);
  const Duration first = rounded_down(since + length - Duration(1), length);
  const auto whole =
      std::clamp<std::int64_t>((last - first) / length, 0, static_cast<std::int64_t>(most));
  return {.start = TimePoint(last - whole * length),
          .count = static_cast<std::size_t>(whole),
          .length = length};
}

Result<std::vector<std::optional<double>>> read_periods(telemetry::MetricStore& store,
                                                        const ScalingMetric& metric,
                                                        const PeriodSpan& span) {
  std::vector<std::optional<double>> values(span.count);
  if (span.count == 0) return values;
  telemetry::SeriesId series{
      .space = metric.space, .name = metric.name, .dimensions = metric.dimensions};
  std::vector<std::string> units = {metric.unit};
  if (metric.unit.empty()) {
    CLARY_TRY(units, store.units(series));
  }
  const TimePoint end = span.start + static_cast<std::int64_t>(span.count) * span.length;
  std::vector<Aggregate> joined(span.count);
  for (std::string& unit : units) {
    series.unit = std::move(unit);
    CLARY_TRY(const std::vector<Aggregate> found,
              store.aggregate(series, span.start, end, span.length));
    for (const Aggregate& one : found) {
      const auto at = static_cast<std::size_t>((one.start - span.start) / span.length);
      if (at < joined.size()) join(joined[at], one);
    }
  }
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (joined[at].count > 0) values[at] = statistic_of(metric.statistic, joined[at]);
    if (joined[at].count <= 0 && metric.zero_when_absent) values[at] = 0;
  }
  return values;
}

}  // namespace clary::hosting
