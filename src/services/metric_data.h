// CloudWatch: PutMetricData, GetMetricData, ListMetrics. Thread-safe.
#pragma once

#include "api/metric_data.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/metric_store.h"

namespace clary::services {

class MetricData {
 public:
  // store outlives the service.
  explicit MetricData(telemetry::MetricStore& store) : store_(store) {}
  void add_to(Router& router);

  // The whole batch or nothing.
  Outcome<api::PutMetricData::Reply> put(const api::PutMetricData::Request& request,
                                         const CallContext& context);
  // Series and expressions over them; see metric_math.h.
  Outcome<api::GetMetricData::Reply> get(const api::GetMetricData::Request& request,
                                         const CallContext& context);
  Outcome<api::ListMetrics::Reply> list(const api::ListMetrics::Request& request,
                                        const CallContext& context);

 private:
  telemetry::MetricStore& store_;
};

}  // namespace clary::services
