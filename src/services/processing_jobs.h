// SageMaker's processing jobs: CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs,
// StopProcessingJob.
//
// Create checks shapes only, as AWS does: what is well-formed but cannot run here is accepted and
// fails with a sentence. Thread-safe.
#pragma once

#include "api/processing_jobs.h"
#include "services/call_context.h"
#include "services/jobs_of_kind.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class ProcessingJobs {
 public:
  explicit ProcessingJobs(JobsOfKind::Parts parts) : jobs_(domain::JobKind::kProcessing, parts) {}
  void add_to(Router& router);

  Outcome<api::CreateProcessingJobResponse> create(const api::CreateProcessingJobRequest& request,
                                                   const CallContext& context);
  Outcome<api::DescribeProcessingJobResponse> describe(
      const api::DescribeProcessingJobRequest& request, const CallContext& context);
  Outcome<api::ListProcessingJobsResponse> list(const api::ListProcessingJobsRequest& request,
                                                const CallContext& context);
  Outcome<api::StopProcessingJobReply> stop(const api::StopProcessingJobRequest& request,
                                            const CallContext& context);

 private:
  JobsOfKind jobs_;
};

}  // namespace clary::services
