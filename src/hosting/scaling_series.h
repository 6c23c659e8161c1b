// A metric as scaling looks at it: one number for each period. Pure but for the store.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/scaling.h"
#include "telemetry/metric_store.h"

namespace clary::hosting {

// Periods one after the other; they begin at multiples of their length since 1970-01-01 UTC.
struct PeriodSpan {
  TimePoint start;
  std::size_t count = 0;
  Duration length{0};
};
// The last periods, at most `most`, that ended at `end` or before and began at `since` or later.
PeriodSpan last_periods(TimePoint end, TimePoint since, Duration length, std::size_t most);

// The metric's statistic in each of them; nothing, or 0 where the metric says so, in those without
// a sample.
Result<std::vector<std::optional<double>>> read_periods(telemetry::MetricStore& store,
                                                        const domain::ScalingMetric& metric,
                                                        const PeriodSpan& span);

}  // namespace clary::hosting
