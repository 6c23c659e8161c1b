// SageMaker's transform jobs: CreateTransformJob, DescribeTransformJob, ListTransformJobs,
// StopTransformJob.
//
// A job keeps what it needs of its model, which may be deleted meanwhile. Thread-safe.
#pragma once

#include "api/transform_jobs.h"
#include "domain/endpoint_store.h"
#include "services/call_context.h"
#include "services/jobs_of_kind.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class TransformJobs {
 public:
  // models outlives this.
  TransformJobs(JobsOfKind::Parts parts, domain::EndpointStore& models)
      : jobs_(domain::JobKind::kTransform, parts), models_(models) {}
  void add_to(Router& router);

  Outcome<api::CreateTransformJobResponse> create(const api::CreateTransformJobRequest& request,
                                                  const CallContext& context);
  Outcome<api::DescribeTransformJobResponse> describe(
      const api::DescribeTransformJobRequest& request, const CallContext& context);
  Outcome<api::ListTransformJobsResponse> list(const api::ListTransformJobsRequest& request,
                                               const CallContext& context);
  Outcome<api::StopTransformJobReply> stop(const api::StopTransformJobRequest& request,
                                           const CallContext& context);

 private:
  JobsOfKind jobs_;
  domain::EndpointStore& models_;
};

}  // namespace clary::services
