#include "services/cloudwatch.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/metric_values.h"
#include "services/percentile.h"

namespace clary::services {
namespace {

using std::chrono::seconds;
using telemetry::Aggregate;
using telemetry::SeriesId;

constexpr std::int64_t kMaxDatapoints = 1440;

// 2880 as "2,880".
std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

// The rules between members. Sources: API reference of GetMetricStatistics, and the service's own
// sentences.
std::optional<ServiceError> check(const api::GetMetricStatisticsInput& request) {
  const bool plain = request.statistics && !request.statistics->empty();
  const bool extended = request.extended_statistics && !request.extended_statistics->empty();
  if (!plain && !extended) {
    return ServiceError("MissingParameter",
                        "At least one of the parameters Statistics and ExtendedStatistics must be "
                        "specified.");
  }
  if (plain && extended) {
    return invalid_combination(
        "The parameters Statistics and ExtendedStatistics cannot be specified together.");
  }
  if (!is_metric_period(request.period)) {
    return invalid_value(
        "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, and at most a year.");
  }
  if (request.start_time >= request.end_time) {
    return invalid_combination("The parameter StartTime must be less than the parameter EndTime.");
  }
  const auto wanted = std::chrono::ceil<seconds>(request.end_time - request.start_time).count();
  const std::int64_t points = (wanted + request.period - 1) / request.period;
  if (points > kMaxDatapoints) {
    return invalid_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of 1,440. You may reduce "
        "the datapoints requested by increasing Period, or decreasing the time range.",
        with_commas(points)));
  }
  if (!extended) return std::nullopt;
  for (const std::string& statistic : *request.extended_statistics) {
    if (!parse_percentile(statistic)) {
      return invalid_value("The statistic '" + statistic +
                           "' is not carried out here; percentiles, p0 to p100, are.");
    }
  }
  return std::nullopt;
}

bool asks(const api::GetMetricStatisticsInput& request, std::string_view statistic) {
  return std::ranges::find(*request.statistics, statistic) != request.statistics->end();
}

api::Datapoint to_wire(const Aggregate& aggregate, const api::GetMetricStatisticsInput& request,
                       const std::string& unit) {
  api::Datapoint point{.timestamp = aggregate.start, .unit = unit};
  if (asks(request, "SampleCount")) point.sample_count = aggregate.count;
  if (asks(request, "Average")) point.average = aggregate.sum / aggregate.count;
  if (asks(request, "Sum")) point.sum = aggregate.sum;
  if (asks(request, "Minimum")) point.minimum = aggregate.minimum;
  if (asks(request, "Maximum")) point.maximum = aggregate.maximum;
  return point;
}

// The points of one unit, by time.
Result<std::vector<api::Datapoint>> points_of(telemetry::MetricStore& store, const SeriesId& series,
                                              const api::GetMetricStatisticsInput& request) {
  const MetricWindow window{request.start_time, request.end_time, request.period};
  std::vector<api::Datapoint> points;
  if (request.statistics && !request.statistics->empty()) {
    CLARY_TRY(const std::vector<Aggregate> periods,
              store.aggregate(series, rounded_start(window), window.end, seconds(request.period)));
    for (const Aggregate& one : periods) points.push_back(to_wire(one, request, series.unit));
    return points;
  }
  CLARY_TRY(const auto periods, measurements(store, series, window));
  for (const auto& [time, values] : periods) {
    api::Datapoint& point = points.emplace_back();
    point.timestamp = time;
    point.unit = series.unit;
    auto& found = point.extended_statistics.emplace();
    for (const std::string& statistic : *request.extended_statistics)
      found.emplace_back(statistic, percentile(values, *parse_percentile(statistic)));
  }
  return points;
}

}  // namespace

void CloudWatch::add_to(Router& router) {
  router.add<api::GetMetricStatistics>(*this, &CloudWatch::get_statistics);
}

Outcome<api::GetMetricStatisticsOutput> CloudWatch::get_statistics(
    const api::GetMetricStatisticsInput& request, const CallContext&) {
  if (const auto wrong = check(request)) return *wrong;
  const SeriesId asked = series_of(request.namespace_, request.metric_name, request.dimensions);
  CLARY_TRY(const std::vector<SeriesId> all, in_units(store_, asked, request.unit));
  api::GetMetricStatisticsOutput reply{.label = request.metric_name};
  std::vector<api::Datapoint>& points = reply.datapoints.emplace();
  for (const SeriesId& series : all) {
    CLARY_TRY(const std::vector<api::Datapoint> found, points_of(store_, series, request));
    points.insert(points.end(), found.begin(), found.end());
  }
  std::ranges::stable_sort(points, {}, &api::Datapoint::timestamp);
  return reply;
}

}  // namespace clary::services
