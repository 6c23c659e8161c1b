#include "services/metric_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "services/metric_queries.h"
#include "services/metric_values.h"
#include "services/offset_page.h"

namespace clary::services {
namespace {

using telemetry::SeriesId;

// Source: API reference of MetricDatum.
constexpr Duration kOldest = std::chrono::hours(14 * 24);
constexpr Duration kNewest = std::chrono::hours(2);
constexpr double kMostCounted = 10'000;  // samples that one Counts may stand for
constexpr std::size_t kMetricsPerPage = 500;
constexpr std::size_t kMostDatapoints = 100'800;

ServiceError invalid_value(std::string message) {
  return {"InvalidParameterValue", std::move(message)};
}
ServiceError invalid_combination(std::string message) {
  return {"InvalidParameterCombination", std::move(message)};
}

template <typename Dimensions>
SeriesId series_of(const std::string& space, const std::string& name,
                   const std::optional<Dimensions>& dimensions) {
  SeriesId series{.space = space, .name = name};
  if (dimensions) {
    for (const auto& dimension : *dimensions)
      series.dimensions.emplace_back(dimension.name, dimension.value);
  }
  std::ranges::sort(series.dimensions);
  return series;
}

// The values of one datum, each as often as it counts.
Outcome<std::vector<double>> values_of(const api::MetricDatum& datum) {
  if (datum.value.has_value() == datum.values.has_value()) {
    return invalid_combination(fmt::format(
        "The metric '{}' needs one of the parameters Value and Values.", datum.metric_name));
  }
  if (datum.value) return std::vector<double>{*datum.value};
  if (!datum.counts) return *datum.values;
  if (datum.counts->size() != datum.values->size()) {
    return invalid_value(fmt::format("The metric '{}' has {} Values and {} Counts.",
                                     datum.metric_name, datum.values->size(),
                                     datum.counts->size()));
  }
  std::vector<double> all;
  for (std::size_t at = 0; at < datum.values->size(); ++at) {
    const double count = (*datum.counts)[at];
    if (!(count >= 0) || count != std::floor(count) ||
        static_cast<double>(all.size()) + count > kMostCounted) {
      return invalid_value(fmt::format(
          "Counts of the metric '{}' must be whole numbers, 10,000 samples at most in all.",
          datum.metric_name));
    }
    all.insert(all.end(), static_cast<std::size_t>(count), (*datum.values)[at]);
  }
  return all;
}

// Whether a series has every dimension asked for, of the value asked for where one is.
template <typename Filters>
bool has_dimensions(const SeriesId& series, const std::optional<Filters>& filters) {
  if (!filters) return true;
  return std::ranges::all_of(*filters, [&series](const auto& filter) {
    return std::ranges::any_of(series.dimensions, [&filter](const auto& dimension) {
      return dimension.first == filter.name && (!filter.value || dimension.second == *filter.value);
    });
  });
}

Outcome<std::size_t> begin_of(const std::optional<std::string>& token) {
  const std::optional<std::size_t> begin = offset_of(token);
  if (!begin) return invalid_value("The parameter NextToken is invalid.");
  return *begin;
}

}  // namespace

Outcome<api::PutMetricData::Reply> MetricData::put(const api::PutMetricData::Request& request,
                                                   const CallContext& context) {
  if (request.namespace_.starts_with("AWS/")) {
    return invalid_value("The value " + request.namespace_ +
                         " for parameter Namespace is invalid: names that begin with AWS/ are "
                         "reserved.");
  }
  if (!request.metric_data || request.metric_data->empty())
    return ServiceError("MissingParameter", "The parameter MetricData is required.");
  std::vector<telemetry::SeriesSamples> batch;
  for (const api::MetricDatum& datum : *request.metric_data) {
    const TimePoint time = datum.timestamp.value_or(context.now);
    if (time < context.now - kOldest || time > context.now + kNewest) {
      return invalid_value(fmt::format(
          "The parameter MetricData.Timestamp of the metric '{}' must be at most two weeks ago and "
          "two hours ahead.",
          datum.metric_name));
    }
    CLARY_TRY(const std::vector<double> values, values_of(datum));
    telemetry::SeriesSamples samples{
        .series = series_of(request.namespace_, datum.metric_name, datum.dimensions),
        .samples = {}};
    for (const double value : values) {
      if (!std::isfinite(value)) {
        return invalid_value(
            fmt::format("The value {} of the metric '{}' is invalid.", value, datum.metric_name));
      }
      samples.samples.push_back({.time = time, .value = value});
    }
    batch.push_back(std::move(samples));
  }
  CLARY_RETURN_IF_ERROR(store_.append(batch, std::nullopt));
  return api::PutMetricData::Reply{};
}

Outcome<api::GetMetricData::Reply> MetricData::get(const api::GetMetricData::Request& request,
                                                   const CallContext&) {
  if (request.start_time >= request.end_time)
    return invalid_combination("The parameter StartTime must be less than the parameter EndTime.");
  CLARY_TRY(const std::size_t offset, begin_of(request.next_token));
  MetricQueries queries(store_, request);
  CLARY_TRY(const std::vector<MetricResult> results, queries.run());
  const std::size_t limit =
      request.max_datapoints
          ? std::clamp<std::size_t>(static_cast<std::size_t>(*request.max_datapoints), 1,
                                    kMostDatapoints)
          : kMostDatapoints;
  const bool descending = request.scan_by != "TimestampAscending";
  api::GetMetricData::Reply reply;
  std::vector<api::MetricDataResult>& listed = reply.metric_data_results.emplace();
  reply.messages.emplace();
  std::size_t passed = 0;  // points of the results so far, sent or not
  for (const MetricResult& result : results) {
    api::MetricDataResult one{.id = result.id, .label = result.label};
    one.timestamps.emplace();
    one.values.emplace();
    std::vector<std::pair<TimePoint, double>> points = result.series.points;
    if (descending) std::ranges::reverse(points);
    for (const auto& [time, value] : points) {
      const std::size_t number = passed++;
      if (number < offset || number >= offset + limit) continue;
      one.timestamps->push_back(time);
      one.values->push_back(value);
    }
    one.status_code = passed > offset + limit ? "PartialData" : "Complete";
    listed.push_back(std::move(one));
  }
  if (passed > offset + limit) reply.next_token = std::to_string(offset + limit);
  return reply;
}

Outcome<api::ListMetrics::Reply> MetricData::list(const api::ListMetrics::Request& request,
                                                  const CallContext& context) {
  CLARY_TRY(const std::size_t offset, begin_of(request.next_token));
  CLARY_TRY(const std::vector<telemetry::SeriesSeen> all,
            store_.series(request.namespace_.value_or("")));
  api::ListMetrics::Reply reply;
  std::vector<api::Metric>& listed = reply.metrics.emplace();
  std::size_t passed = 0;
  for (const auto& [series, last_time] : all) {
    if (request.metric_name && series.name != *request.metric_name) continue;
    if (!has_dimensions(series, request.dimensions)) continue;
    // The one value of RecentlyActive: three hours.
    if (request.recently_active && last_time < context.now - std::chrono::hours(3)) continue;
    if (passed++ < offset) continue;
    if (listed.size() == kMetricsPerPage) {
      reply.next_token = std::to_string(offset + kMetricsPerPage);
      break;
    }
    api::Metric metric{.namespace_ = series.space, .metric_name = series.name};
    metric.dimensions.emplace();
    for (const auto& [name, value] : series.dimensions) metric.dimensions->push_back({name, value});
    listed.push_back(std::move(metric));
  }
  return reply;
}

void MetricData::add_to(Router& router) {
  router.add<api::PutMetricData>(*this, &MetricData::put);
  router.add<api::GetMetricData>(*this, &MetricData::get);
  router.add<api::ListMetrics>(*this, &MetricData::list);
}

}  // namespace clary::services
