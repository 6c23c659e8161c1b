// One statistic of one series over periods, however it was asked for, and how CloudWatch refuses a
// number. Pure but for the store.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/cloudwatch_shapes.h"
#include "services/metric_math.h"
#include "services/percentile.h"
#include "services/service_error.h"
#include "telemetry/metric_store.h"

namespace clary::services {

// Rules that the model does not state.
inline ServiceError invalid_value(std::string message) {
  return {"InvalidParameterValue", std::move(message)};
}
inline ServiceError invalid_combination(std::string message) {
  return {"InvalidParameterCombination", std::move(message)};
}

// The series that members of a request name; its unit is not set.
telemetry::SeriesId series_of(const std::string& space, const std::string& name,
                              const std::optional<std::vector<api::Dimension>>& dimensions);

// SampleCount, Average, Sum, Minimum, Maximum, or a percentile ("p99").
bool is_statistic(std::string_view name);
bool is_metric_period(std::int64_t seconds);  // 1, 5, 10, 20, 30 or a multiple of 60, to a year

// The series that are meant by one of any unit: that of the unit asked for, whether or not there is
// such, or one for each unit there is.
Result<std::vector<telemetry::SeriesId>> in_units(telemetry::MetricStore& store,
                                                  const telemetry::SeriesId& series,
                                                  const std::optional<std::string>& unit);

// What is asked of a series. start is rounded down as CloudWatch does: to the minute, or to the
// period where that is shorter.
struct MetricWindow {
  TimePoint start, end;
  std::int64_t period_seconds = 60;
};
TimePoint rounded_start(const MetricWindow& window);

// What percentiles are taken of: the values of each period, sorted. A period with a set is left out
// unless its members are known, all of them being the same. Source: "Percentiles", CloudWatch User
// Guide.
Result<std::map<TimePoint, std::vector<Measured>>> measurements(telemetry::MetricStore& store,
                                                                const telemetry::SeriesId& series,
                                                                const MetricWindow& window);

// One point for each period that has samples, or measurements for a percentile. Precondition:
// is_statistic(statistic).
Result<MathSeries> metric_values(telemetry::MetricStore& store, const telemetry::SeriesId& series,
                                 const std::string& statistic, const MetricWindow& window);

}  // namespace clary::services
