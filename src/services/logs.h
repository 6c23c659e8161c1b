// CloudWatch Logs: DescribeLogStreams, GetLogEvents. What jobs print comes in by the hosts' link.
//
// Thread-safe.
#pragma once

#include "api/log_streams.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/log_store.h"

namespace clary::services {

class Logs {
 public:
  // store outlives the service.
  explicit Logs(telemetry::LogStore& store) : store_(store) {}
  void add_to(Router& router);

  // There is a nextToken only when there is another page: SDK v2 repeats the call while it sees
  // one, without sending it.
  Outcome<api::DescribeLogStreamsResponse> describe_streams(
      const api::DescribeLogStreamsRequest& request, const CallContext& context);
  // nextForwardToken is always there; at the end it is the one that was given.
  Outcome<api::GetLogEventsResponse> get_events(const api::GetLogEventsRequest& request,
                                                const CallContext& context);

 private:
  telemetry::LogStore& store_;
};

}  // namespace clary::services
