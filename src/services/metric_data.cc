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

using telemetry::Sample;
using telemetry::SeriesId;

// Source: API reference of MetricDatum.
constexpr Duration kOldest = std::chrono::hours(14 * 24);
constexpr Duration kNewest = std::chrono::hours(2);
constexpr std::size_t kMostValues = 150;
constexpr std::size_t kMostMetrics = 1000;  // of a call
constexpr double kLargest = 0x1p360;        // and no NaN, which is not within it
constexpr std::size_t kMetricsPerPage = 500;
constexpr std::size_t kMostDatapoints = 100'800;

// What is wrong with a number of a datum, for which `what` stands.
std::optional<ServiceError> check_number(const api::MetricDatum& datum, std::string_view what,
                                         double value) {
  if (std::abs(value) <= kLargest) return std::nullopt;
  return invalid_value(
      fmt::format("The value {} for {} of the metric '{}' is invalid: it must be "
                  "a number from -2^360 to 2^360.",
                  value, what, datum.metric_name));
}

// A value that was measured `count` times.
Sample repeated(TimePoint time, double value, double count) {
  if (count == 1) return {.time = time, .value = value};
  return {.time = time, .value = value * count, .set = telemetry::SampleSet{count, value, value}};
}

Outcome<Sample> set_of(const api::MetricDatum& datum, TimePoint time) {
  const api::StatisticSet& set = *datum.statistic_values;
  for (const auto& [name, value] :
       {std::pair("SampleCount", set.sample_count), std::pair("Sum", set.sum),
        std::pair("Minimum", set.minimum), std::pair("Maximum", set.maximum)}) {
    if (auto wrong = check_number(datum, std::string("StatisticValues.") + name, value))
      return *wrong;
  }
  if (set.sample_count <= 0 || set.minimum > set.maximum) {
    return invalid_value(fmt::format(
        "StatisticValues of the metric '{}' are invalid: SampleCount must be more than 0, and "
        "Minimum at most Maximum.",
        datum.metric_name));
  }
  if (!std::isfinite(set.sum / set.sample_count)) {
    return invalid_value(fmt::format(
        "StatisticValues of the metric '{}' are invalid: SampleCount {} is too small for the Sum "
        "{}.",
        datum.metric_name, set.sample_count, set.sum));
  }
  return Sample{.time = time,
                .value = set.sum,
                .set = telemetry::SampleSet{set.sample_count, set.minimum, set.maximum}};
}

// One sample for each of Values.
Outcome<std::vector<Sample>> samples_of_values(const api::MetricDatum& datum, TimePoint time) {
  const std::vector<double>& values = *datum.values;
  if (values.empty() || values.size() > kMostValues) {
    return invalid_value(fmt::format("The metric '{}' has {} Values: 1 to 150 are taken.",
                                     datum.metric_name, values.size()));
  }
  if (datum.counts && datum.counts->size() != values.size()) {
    return invalid_value(fmt::format("The metric '{}' has {} Values and {} Counts.",
                                     datum.metric_name, values.size(), datum.counts->size()));
  }
  std::vector<Sample> samples;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (auto wrong = check_number(datum, "Values", values[at])) return *wrong;
    const double count = datum.counts ? (*datum.counts)[at] : 1;
    if (auto wrong = check_number(datum, "Counts", count)) return *wrong;
    if (count < 0) {
      return invalid_value(
          fmt::format("Counts of the metric '{}' must not be negative.", datum.metric_name));
    }
    if (count > 0) samples.push_back(repeated(time, values[at], count));
  }
  return samples;
}

Outcome<std::vector<Sample>> samples_of(const api::MetricDatum& datum, TimePoint time) {
  if (datum.value.has_value() + datum.values.has_value() + datum.statistic_values.has_value() !=
      1) {
    return invalid_combination(
        fmt::format("The metric '{}' needs one of the parameters Value, Values and "
                    "StatisticValues.",
                    datum.metric_name));
  }
  if (datum.counts && !datum.values) {
    return invalid_combination(
        fmt::format("The metric '{}' has Counts, which go with Values.", datum.metric_name));
  }
  if (datum.values) return samples_of_values(datum, time);
  if (datum.statistic_values) {
    CLARY_TRY(const Sample set, set_of(datum, time));
    return std::vector<Sample>{set};
  }
  if (auto wrong = check_number(datum, "Value", *datum.value)) return *wrong;
  return std::vector<Sample>{{.time = time, .value = *datum.value}};
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
  if (request.metric_data->size() > kMostMetrics)
    return invalid_value("The collection MetricData must not have a size greater than 1000.");
  std::vector<telemetry::SeriesSamples> batch;
  for (const api::MetricDatum& datum : *request.metric_data) {
    const std::int64_t resolution = datum.storage_resolution.value_or(60);
    if (resolution != 1 && resolution != 60) {
      return invalid_value(
          fmt::format("The value {} for StorageResolution of the metric '{}' is invalid: 1 and 60 "
                      "are the values.",
                      resolution, datum.metric_name));
    }
    const TimePoint time = datum.timestamp.value_or(context.now);
    if (time < context.now - kOldest || time > context.now + kNewest) {
      return invalid_value(fmt::format(
          "The parameter MetricData.Timestamp of the metric '{}' must be at most two weeks ago and "
          "two hours ahead.",
          datum.metric_name));
    }
    SeriesId series = series_of(request.namespace_, datum.metric_name, datum.dimensions);
    series.unit = datum.unit.value_or(series.unit);
    CLARY_TRY(std::vector<Sample> samples, samples_of(datum, time));
    batch.push_back({.series = std::move(series), .samples = std::move(samples)});
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
  SeriesId before;
  for (const auto& [series, last_time] : all) {
    if (request.metric_name && series.name != *request.metric_name) continue;
    if (!has_dimensions(series, request.dimensions)) continue;
    // The one value of RecentlyActive: three hours.
    if (request.recently_active && last_time < context.now - std::chrono::hours(3)) continue;
    // A metric is listed once, in however many units it is kept.
    before.unit = series.unit;
    if (series == before) continue;
    before = series;
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
