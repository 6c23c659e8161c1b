// Application Auto Scaling's policies and what came of them: PutScalingPolicy,
// DescribeScalingPolicies, DeleteScalingPolicy, DescribeScalingActivities. Thread-safe.
#pragma once

#include "api/scaling_policies.h"
#include "base/id_source.h"
#include "domain/alarm_records.h"
#include "domain/scaling_records.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class ScalingPolicies {
 public:
  // All outlive the service.
  ScalingPolicies(domain::ScalingRecords& records, domain::AlarmRecords& alarms, IdSource& ids)
      : records_(records), alarms_(alarms), ids_(ids) {}
  void add_to(Router& router);

  // Replaces one of the same name. ObjectNotFoundException: its target is not registered.
  Outcome<api::PutScalingPolicyResponse> put(const api::PutScalingPolicyRequest& request,
                                             const CallContext& context);
  Outcome<api::DescribeScalingPoliciesResponse> describe(
      const api::DescribeScalingPoliciesRequest& request, const CallContext& context);
  Outcome<api::DeleteScalingPolicyResponse> remove(const api::DeleteScalingPolicyRequest& request,
                                                   const CallContext& context);
  // The newest first.
  Outcome<api::DescribeScalingActivitiesResponse> activities(
      const api::DescribeScalingActivitiesRequest& request, const CallContext& context);

 private:
  domain::ScalingRecords& records_;
  domain::AlarmRecords& alarms_;
  IdSource& ids_;
};

}  // namespace clary::services
