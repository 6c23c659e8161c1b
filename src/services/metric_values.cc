#include "services/metric_values.h"

#include <algorithm>
#include <array>
#include <set>

namespace clary::services {
namespace {

using std::chrono::seconds;
using telemetry::Aggregate;
using telemetry::Sample;
using telemetry::SeriesId;

constexpr std::int64_t kLongestPeriodSeconds = 366 * 86'400;

double plain_statistic(const Aggregate& aggregate, std::string_view name) {
  if (name == "SampleCount") return aggregate.count;
  if (name == "Sum") return aggregate.sum;
  if (name == "Minimum") return aggregate.minimum;
  if (name == "Maximum") return aggregate.maximum;
  return aggregate.sum / aggregate.count;
}

bool has_known_members(const Sample& sample) {
  if (!sample.set) return true;
  const telemetry::SampleSet& set = *sample.set;
  return set.minimum == set.maximum && sample.value == set.minimum * set.count;
}

}  // namespace

SeriesId series_of(const std::string& space, const std::string& name,
                   const std::optional<std::vector<api::Dimension>>& dimensions) {
  SeriesId series{.space = space, .name = name};
  if (dimensions) {
    for (const api::Dimension& dimension : *dimensions)
      series.dimensions.emplace_back(dimension.name, dimension.value);
  }
  std::ranges::sort(series.dimensions);
  return series;
}

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

Result<std::vector<SeriesId>> in_units(telemetry::MetricStore& store, const SeriesId& series,
                                       const std::optional<std::string>& unit) {
  std::vector<std::string> units;
  if (unit) {
    units.push_back(*unit);
  } else {
    CLARY_TRY(units, store.units(series));
  }
  std::vector<SeriesId> found(units.size(), series);
  for (std::size_t at = 0; at < units.size(); ++at) found[at].unit = std::move(units[at]);
  return found;
}

TimePoint rounded_start(const MetricWindow& window) {
  const Duration step = seconds(std::min<std::int64_t>(window.period_seconds, 60));
  return window.start - window.start.time_since_epoch() % step;
}

Result<std::map<TimePoint, std::vector<Measured>>> measurements(telemetry::MetricStore& store,
                                                                const SeriesId& series,
                                                                const MetricWindow& window) {
  const TimePoint start = rounded_start(window);
  const Duration period = seconds(window.period_seconds);
  CLARY_TRY(const std::vector<Sample> samples, store.samples(series));
  std::map<TimePoint, std::vector<Measured>> periods;
  std::set<TimePoint> unknown;
  for (const Sample& sample : samples) {
    if (sample.time < start || sample.time >= window.end) continue;
    const TimePoint begin = sample.time - sample.time.time_since_epoch() % period;
    if (!has_known_members(sample)) unknown.insert(begin);
    periods[begin].push_back({sample.mean(), sample.count()});
  }
  for (const TimePoint begin : unknown) periods.erase(begin);
  for (auto& [begin, values] : periods) std::ranges::sort(values, {}, &Measured::value);
  return periods;
}

Result<MathSeries> metric_values(telemetry::MetricStore& store, const SeriesId& series,
                                 const std::string& statistic, const MetricWindow& window) {
  MathSeries out{.points = {}, .period_seconds = window.period_seconds};
  const std::optional<double> percent = parse_percentile(statistic);
  if (percent) {
    CLARY_TRY(const auto periods, measurements(store, series, window));
    for (const auto& [begin, values] : periods) out.add(begin, percentile(values, *percent));
    return out;
  }
  CLARY_TRY(
      const std::vector<Aggregate> periods,
      store.aggregate(series, rounded_start(window), window.end, seconds(window.period_seconds)));
  for (const Aggregate& one : periods) out.add(one.start, plain_statistic(one, statistic));
  return out;
}

}  // namespace clary::services
