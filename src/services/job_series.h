// What was measured of a job, for `clary describe`. Pure but for the stores.
#pragma once

#include "base/document.h"
#include "base/result.h"
#include "domain/job_store.h"
#include "telemetry/metric_store.h"

namespace clary::services {

// Of its hosts, and what its metrics matched; at most about 1,000 points each:
// {"series": [{"name", "usage": whether it is of a host, "points": [[epoch seconds, value],
// ...]}]}. NotFound.
Result<Document> job_series(domain::JobStore& jobs, telemetry::MetricStore& metrics,
                            const domain::JobKey& key);

}  // namespace clary::services
