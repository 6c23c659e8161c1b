// The /metrics page, for Prometheus: requests, jobs, the process. Names are listed in
// docs/metrics.md.
//
// Thread-safe; a scrape costs one query over an index.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "domain/job_store.h"
#include "net/server.h"
#include "services/local_routes.h"
#include "telemetry/server_metrics.h"

namespace clary::services {

class MetricsPage {
 public:
  // All outlive the page. counters: of the HTTP server.
  MetricsPage(const telemetry::ServerMetrics& requests, domain::JobStore& jobs, const Clock& clock,
              std::function<net::ServerCounters()> counters)
      : requests_(requests),
        jobs_(jobs),
        clock_(clock),
        counters_(std::move(counters)),
        started_(clock.now()) {}

  // In the form of telemetry::PrometheusText::kContentType. Jobs are left out when the store cannot
  // be read.
  std::string render();

 private:
  void write_jobs(telemetry::PrometheusText& text);
  void write_connections(telemetry::PrometheusText& text) const;
  void write_process(telemetry::PrometheusText& text) const;

  const telemetry::ServerMetrics& requests_;
  domain::JobStore& jobs_;
  const Clock& clock_;
  std::function<net::ServerCounters()> counters_;
  TimePoint started_;
};

// GET /metrics. page outlives the routes.
void add_metrics_route(LocalRoutes& routes, MetricsPage& page);

}  // namespace clary::services
