// CloudWatch: GetMetricStatistics over the series of jobs. Thread-safe.
//
// Samples are kept in full for ever, so any period may be asked for at any age. Periods are aligned
// to multiples of their length since the epoch. What was put in several units has a point for each
// of them, by time and then by unit.
#pragma once

#include "api/metrics.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/metric_store.h"

namespace clary::services {

class CloudWatch {
 public:
  // store outlives the service.
  explicit CloudWatch(telemetry::MetricStore& store) : store_(store) {}
  void add_to(Router& router);

  Outcome<api::GetMetricStatisticsOutput> get_statistics(
      const api::GetMetricStatisticsInput& request, const CallContext& context);

 private:
  telemetry::MetricStore& store_;
};

}  // namespace clary::services
