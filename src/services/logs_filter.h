// CloudWatch Logs' FilterLogEvents: the events of several streams in the order of their times,
// those that a pattern takes. Thread-safe.
#pragma once

#include "api/log_events.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/log_store.h"

namespace clary::services {

class LogsFilter {
 public:
  // store outlives the service.
  explicit LogsFilter(telemetry::LogStore& store) : store_(store) {}
  void add_to(Router& router);

  // A page ends at `limit` events, at 1 MiB, after 100,000 events looked at or when they have taken
  // 20,000,000 steps (log_filter.h), a second or so: it may be empty and have a nextToken.
  Outcome<api::FilterLogEvents::Reply> filter(const api::FilterLogEvents::Request& request,
                                              const CallContext& context);

 private:
  // The streams that a request names and that have events of its time.
  Outcome<std::vector<LogStream>> streams_of(const LogGroup& group,
                                             const api::FilterLogEvents::Request& request);

  telemetry::LogStore& store_;
};

}  // namespace clary::services
