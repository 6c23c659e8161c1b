// The queries of one GetMetricData: series read, expressions evaluated, each once. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/metric_data.h"
#include "services/metric_math.h"
#include "services/service_error.h"
#include "telemetry/metric_store.h"

namespace clary::services {

struct MetricResult {
  std::string id;
  std::string label;
  MathSeries series;
};

class MetricQueries {
 public:
  // Both outlive this.
  MetricQueries(telemetry::MetricStore& store, const api::GetMetricData::Request& request);

  // Of the queries that return data, in their order. ValidationError names the query that is wrong.
  Outcome<std::vector<MetricResult>> run();

 private:
  // How many the request's time has. Precondition: is_metric_period of the query's.
  std::int64_t periods_of(const api::MetricDataQuery& query) const;
  std::optional<ServiceError> check(const api::MetricDataQuery& query) const;
  // The value of a query, after those that it names.
  std::optional<ServiceError> evaluate(const std::string& id);
  // One series, or one for each unit that the metric was put in.
  Outcome<MathValue> read_series(const api::MetricDataQuery& query);
  // ValidationError: the values of the request would be too many to hold.
  std::optional<ServiceError> keep(const std::string& id, MathValue value);
  // What a query's value is in a reply: one result, or one for each series of a list.
  std::vector<MetricResult> results_of(const api::MetricDataQuery& query) const;

  telemetry::MetricStore& store_;
  const api::GetMetricData::Request& request_;
  std::map<std::string, const api::MetricDataQuery*> by_id_;
  std::vector<std::string> metrics_;  // the ids of the queries that are no expressions
  std::set<std::string> under_way_;
  std::map<std::string, MathValue> values_;
  std::int64_t points_ = 0;  // of values_
};

}  // namespace clary::services
