// From PutScalingPolicy's request to a rule, and what AWS's model of the API does not state. Pure.
#pragma once

#include "api/scaling_policies.h"
#include "domain/scaling.h"
#include "services/service_error.h"

namespace clary::services {

// ValidationException: the first rule that is broken. Precondition: resource_id names a variant.
Outcome<domain::TrackingRule> tracking_rule_of(const api::PutScalingPolicyRequest& request);
// Of a request whose StepScalingPolicyConfiguration is there.
Outcome<domain::StepRule> step_rule_of(const api::PutScalingPolicyRequest& request);

}  // namespace clary::services
