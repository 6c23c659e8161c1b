#include "services/metric_queries.h"

#include <algorithm>

#include "services/metric_values.h"

namespace clary::services {
namespace {

constexpr std::size_t kMostQueries = 500;  // Source: API reference of GetMetricData

ServiceError invalid_query(std::string message) { return {"ValidationError", std::move(message)}; }

std::int64_t period_of(const api::MetricDataQuery& query) {
  return query.metric_stat ? query.metric_stat->period : query.period.value_or(60);
}

bool is_id(const std::string& text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z';
}

}  // namespace

MetricQueries::MetricQueries(telemetry::MetricStore& store,
                             const api::GetMetricData::Request& request)
    : store_(store), request_(request) {
  for (const api::MetricDataQuery& query : request.metric_data_queries) {
    by_id_.emplace(query.id, &query);
    if (query.metric_stat) metrics_.push_back(query.id);
  }
}

std::int64_t MetricQueries::periods_of(const api::MetricDataQuery& query) const {
  return (request_.end_time - request_.start_time) / std::chrono::seconds(period_of(query));
}

std::optional<ServiceError> MetricQueries::check(const api::MetricDataQuery& query) const {
  const std::string where = "The query '" + query.id + "': ";
  if (!is_id(query.id)) return invalid_query(where + "an Id begins with a lower-case letter.");
  if (query.metric_stat.has_value() == query.expression.has_value())
    return invalid_query(where + "one of MetricStat and Expression is needed.");
  const std::int64_t period = period_of(query);
  if (!is_metric_period(period)) {
    return invalid_query(
        where + "Period must be 1, 5, 10, 20, 30 or a multiple of 60, and at most a year.");
  }
  if (periods_of(query) > kMostPeriods)
    return invalid_query(where + "more than 100,800 periods: choose a longer one or less time.");
  if (query.expression) {
    if (query.expression->starts_with("SELECT") || query.expression->starts_with("SEARCH"))
      return invalid_query(where + "Clary does not read Metrics Insights and SEARCH yet.");
    return std::nullopt;
  }
  if (!is_statistic(query.metric_stat->stat)) {
    return invalid_query(
        where + "the statistic '" + query.metric_stat->stat +
        "' is not carried out here; SampleCount, Average, Sum, Minimum, Maximum and "
        "percentiles are.");
  }
  return std::nullopt;
}

Outcome<std::vector<MetricResult>> MetricQueries::run() {
  if (by_id_.size() != request_.metric_data_queries.size())
    return invalid_query("The Ids of MetricDataQueries must be unique.");
  if (by_id_.size() > kMostQueries)
    return invalid_query("More than 500 queries in one request: ask in several.");
  std::int64_t periods = 0;
  for (const api::MetricDataQuery& query : request_.metric_data_queries) {
    if (auto refused = check(query)) return *refused;
    periods += periods_of(query);
  }
  if (periods > kMostPeriodsTogether)
    return invalid_query(
        "The queries have more than 5,000,000 periods together: ask in several requests.");
  std::vector<MetricResult> results;
  for (const api::MetricDataQuery& query : request_.metric_data_queries) {
    if (!query.return_data.value_or(true)) continue;
    if (auto refused = evaluate(query.id)) return *refused;
    for (MetricResult& result : results_of(query)) results.push_back(std::move(result));
  }
  return results;
}

std::optional<ServiceError> MetricQueries::evaluate(const std::string& id) {
  if (values_.contains(id)) return std::nullopt;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;  // the expression's own error names it
  if (!under_way_.insert(id).second)
    return invalid_query("The query '" + id + "' is part of itself.");
  const api::MetricDataQuery& query = *found->second;
  if (query.metric_stat) {
    Outcome<MathValue> read = read_series(query);
    if (!read.ok()) return read.error();
    return keep(id, std::move(*read));
  }
  const Result<std::vector<std::string>> named = math_ids(*query.expression, metrics_);
  if (!named.ok()) return invalid_query(named.error().message);
  for (const std::string& one : *named) {
    if (auto refused = evaluate(one)) return refused;
  }
  Result<MathValue> value = evaluate_math(*query.expression, {.values = values_,
                                                              .metrics = metrics_,
                                                              .start = request_.start_time,
                                                              .end = request_.end_time});
  if (!value.ok()) return invalid_query(value.error().message);
  return keep(id, *std::move(value));
}

std::optional<ServiceError> MetricQueries::keep(const std::string& id, MathValue value) {
  points_ += points_of(value);
  if (points_ > kMostPeriodsTogether) {
    return invalid_query("The queries make more than 5,000,000 points together, '" + id +
                         "' the last of them: ask in several requests.");
  }
  values_.insert_or_assign(id, std::move(value));
  return std::nullopt;
}

Outcome<MathValue> MetricQueries::read_series(const api::MetricDataQuery& query) {
  const api::MetricStat& asked = *query.metric_stat;
  telemetry::SeriesId series{.space = asked.metric.namespace_.value_or(""),
                             .name = asked.metric.metric_name.value_or("")};
  if (asked.metric.dimensions) {
    for (const api::Dimension& dimension : *asked.metric.dimensions)
      series.dimensions.emplace_back(dimension.name, dimension.value);
  }
  std::ranges::sort(series.dimensions);
  CLARY_TRY(const std::vector<telemetry::SeriesId> units, in_units(store_, series, asked.unit));
  std::vector<MathSeries> all;
  for (const telemetry::SeriesId& one : units) {
    CLARY_TRY(MathSeries values, metric_values(store_, one, asked.stat,
                                               {.start = request_.start_time,
                                                .end = request_.end_time,
                                                .period_seconds = asked.period}));
    values.unit = one.unit;
    if (!values.points.empty()) all.push_back(std::move(values));
  }
  if (all.empty()) return MathValue(MathSeries{.points = {}, .period_seconds = asked.period});
  if (all.size() == 1) return MathValue(std::move(all.front()));
  return MathValue(std::move(all));
}

std::vector<MetricResult> MetricQueries::results_of(const api::MetricDataQuery& query) const {
  const std::string own =
      query.metric_stat ? query.metric_stat->metric.metric_name.value_or("") : query.id;
  const std::string label = query.label.value_or(own);
  const MathValue& value = values_.at(query.id);
  if (const auto* series = std::get_if<MathSeries>(&value)) return {{query.id, label, *series}};
  if (const auto* list = std::get_if<std::vector<MathSeries>>(&value)) {
    std::vector<MetricResult> results;
    for (const MathSeries& series : *list) results.push_back({query.id, label, series});
    return results;
  }
  // A number stands at every period of the request.
  MetricResult result{query.id, label, {}};
  const std::int64_t period = query.period.value_or(60);
  const MetricWindow window{request_.start_time, request_.end_time, period};
  for (TimePoint time = rounded_start(window); time < window.end;
       time += std::chrono::seconds(period))
    result.series.add(time, std::get<double>(value));
  return {std::move(result)};
}

}  // namespace clary::services
