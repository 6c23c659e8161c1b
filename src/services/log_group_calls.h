// CloudWatch Logs: its groups, how long they keep events, and what is written by clients.
//
// Thread-safe.
#pragma once

#include "api/log_events.h"
#include "api/log_groups.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/log_groups.h"
#include "telemetry/log_store.h"

namespace clary::services {

class LogGroupCalls {
 public:
  // Everything passed outlives it.
  LogGroupCalls(telemetry::LogGroups& groups, telemetry::LogStore& store)
      : groups_(groups), store_(store) {}
  void add_to(Router& router);

  Outcome<api::CreateLogGroup::Reply> create(const api::CreateLogGroup::Request& request,
                                             const CallContext& context);
  Outcome<api::DeleteLogGroup::Reply> remove(const api::DeleteLogGroup::Request& request,
                                             const CallContext& context);
  Outcome<api::DescribeLogGroups::Reply> describe(const api::DescribeLogGroups::Request& request,
                                                  const CallContext& context);
  Outcome<api::PutRetentionPolicy::Reply> keep_for(const api::PutRetentionPolicy::Request& request,
                                                   const CallContext& context);
  Outcome<api::DeleteRetentionPolicy::Reply> keep_for_ever(
      const api::DeleteRetentionPolicy::Request& request, const CallContext& context);

  Outcome<api::CreateLogStream::Reply> create_stream(const api::CreateLogStream::Request& request,
                                                     const CallContext& context);
  // Events of more than 14 days ago, of before the group's retention or of more than 2 hours ahead
  // are not taken, and the reply says which.
  Outcome<api::PutLogEvents::Reply> put_events(const api::PutLogEvents::Request& request,
                                               const CallContext& context);

 private:
  telemetry::LogGroups& groups_;
  telemetry::LogStore& store_;
};

}  // namespace clary::services
