#include "services/metric_values.h"

#include <algorithm>
#include <array>

#include "services/percentile.h"

namespace clary::services {
namespace {

using std::chrono::seconds;
using telemetry::Aggregate;

constexpr std::int64_t kLongestPeriodSeconds = 366 * 86'400;

double plain_statistic(const Aggregate& aggregate, std::string_view name) {
  const auto count = static_cast<double>(aggregate.count);
  if (name == "SampleCount") return count;
  if (name == "Sum") return aggregate.sum;
  if (name == "Minimum") return aggregate.minimum;
  if (name == "Maximum") return aggregate.maximum;
  return aggregate.sum / count;
}

}  // namespace

bool is_statistic(std::string_view name) {
  constexpr std::array<std::string_view, 5> kPlain = {"SampleCount", "Average", "Sum", "Minimum",
                                                      "Maximum"};
  return std::ranges::find(kPlain, name) != kPlain.end() || parse_percentile(name);
}

bool is_metric_period(std::int64_t period) {
  return period > 0 && period <= kLongestPeriodSeconds &&
         (period % 60 == 0 || period == 1 || period == 5 || period == 10 || period == 20 ||
          period == 30);
}

std::string unit_of(const telemetry::SeriesId& series) {
  constexpr std::array<std::string_view, 5> kUsage = {"CPUUtilization", "MemoryUtilization",
                                                      "DiskUtilization", "GPUUtilization",
                                                      "GPUMemoryUtilization"};
  const bool of_host = std::ranges::any_of(
      series.dimensions, [](const auto& dimension) { return dimension.first == "Host"; });
  return of_host && std::ranges::find(kUsage, series.name) != kUsage.end() ? "Percent" : "None";
}

TimePoint rounded_start(const MetricWindow& window) {
  const Duration step = seconds(std::min<std::int64_t>(window.period_seconds, 60));
  return window.start - window.start.time_since_epoch() % step;
}

Result<MathSeries> metric_values(telemetry::MetricStore& store, const telemetry::SeriesId& series,
                                 const std::string& statistic, const MetricWindow& window) {
  MathSeries out{.points = {}, .period_seconds = window.period_seconds};
  const TimePoint start = rounded_start(window);
  const Duration period = seconds(window.period_seconds);
  const std::optional<double> percent = parse_percentile(statistic);
  if (!percent) {
    CLARY_TRY(const std::vector<Aggregate> periods,
              store.aggregate(series, start, window.end, period));
    for (const Aggregate& one : periods) out.add(one.start, plain_statistic(one, statistic));
    return out;
  }
  CLARY_TRY(const std::vector<telemetry::Sample> samples, store.samples(series));
  std::map<TimePoint, std::vector<double>> periods;
  for (const telemetry::Sample& sample : samples) {
    if (sample.time < start || sample.time >= window.end) continue;
    periods[sample.time - sample.time.time_since_epoch() % period].push_back(sample.value);
  }
  for (auto& [time, values] : periods) {
    std::ranges::sort(values);
    out.add(time, percentile(values, *percent));
  }
  return out;
}

}  // namespace clary::services
