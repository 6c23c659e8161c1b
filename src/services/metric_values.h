// One statistic of one series over periods, however it was asked for. Pure but for the store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/metric_math.h"
#include "telemetry/metric_store.h"

namespace clary::services {

// SampleCount, Average, Sum, Minimum, Maximum, or a percentile ("p99").
bool is_statistic(std::string_view name);
bool is_metric_period(std::int64_t seconds);  // 1, 5, 10, 20, 30 or a multiple of 60, to a year

// The unit of a series: hosts report their usage in percent, scripts report bare numbers.
std::string unit_of(const telemetry::SeriesId& series);

// What is asked of a series. start is rounded down as CloudWatch does: to the minute, or to the
// period where that is shorter.
struct MetricWindow {
  TimePoint start, end;
  std::int64_t period_seconds = 60;
};
TimePoint rounded_start(const MetricWindow& window);

// One point for each period that has samples. Precondition: is_statistic(statistic).
Result<MathSeries> metric_values(telemetry::MetricStore& store, const telemetry::SeriesId& series,
                                 const std::string& statistic, const MetricWindow& window);

}  // namespace clary::services
