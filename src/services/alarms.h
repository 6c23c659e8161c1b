// CloudWatch's alarms: PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState. What they do is
// to carry out scaling policies of steps. Thread-safe.
#pragma once

#include "api/alarms.h"
#include "domain/alarm_records.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class Alarms {
 public:
  // records outlives the service.
  explicit Alarms(domain::AlarmRecords& records) : records_(records) {}
  void add_to(Router& router);

  // Replaces one of the same name, which stands as it stood.
  Outcome<api::PutMetricAlarm::Reply> put(const api::PutMetricAlarm::Request& request,
                                          const CallContext& context);
  Outcome<api::DescribeAlarms::Reply> describe(const api::DescribeAlarms::Request& request,
                                               const CallContext& context);
  // All or none. ResourceNotFound.
  Outcome<api::DeleteAlarms::Reply> remove(const api::DeleteAlarms::Request& request,
                                           const CallContext& context);
  // Until a later period of its metric is over. ResourceNotFound.
  Outcome<api::SetAlarmState::Reply> set_state(const api::SetAlarmState::Request& request,
                                               const CallContext& context);

 private:
  domain::AlarmRecords& records_;
};

}  // namespace clary::services
