// Application Auto Scaling's targets: RegisterScalableTarget, DescribeScalableTargets,
// DeregisterScalableTarget. Of variants of endpoints: their numbers of instances. Thread-safe.
#pragma once

#include "api/scalable_targets.h"
#include "domain/endpoint_store.h"
#include "domain/scaling_records.h"
#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class ScalableTargets {
 public:
  // Both outlive the service.
  ScalableTargets(domain::ScalingRecords& records, domain::EndpointStore& endpoints)
      : records_(records), endpoints_(endpoints) {}
  void add_to(Router& router);

  // Of one that is there, what is not given stays as it is.
  Outcome<api::RegisterScalableTargetResponse> register_target(
      const api::RegisterScalableTargetRequest& request, const CallContext& context);
  Outcome<api::DescribeScalableTargetsResponse> describe(
      const api::DescribeScalableTargetsRequest& request, const CallContext& context);
  Outcome<api::DeregisterScalableTargetResponse> deregister(
      const api::DeregisterScalableTargetRequest& request, const CallContext& context);

 private:
  // Nothing: the variant is there.
  Complaint check_variant(const std::string& resource);
  // The target as it stands, or a new one, which needs both of its limits.
  Outcome<domain::ScalableTarget> target_for(const api::RegisterScalableTargetRequest& request,
                                             const CallContext& context);

  domain::ScalingRecords& records_;
  domain::EndpointStore& endpoints_;
};

}  // namespace clary::services
