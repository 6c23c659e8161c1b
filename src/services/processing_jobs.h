// SageMaker's processing jobs: CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs,
// StopProcessingJob.
//
// Create checks shapes only, as AWS does: what is well-formed but cannot run here is accepted and
// fails with a sentence. Thread-safe.
#pragma once

#include <string>

#include "api/processing_jobs.h"
#include "base/id_source.h"
#include "domain/job_store.h"
#include "runtime/job_changes.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class ProcessingJobs {
 public:
  struct Parts {  // all outlive the service
    domain::JobStore& jobs;
    runtime::JobChanges& changes;
    IdSource& ids;
  };
  explicit ProcessingJobs(Parts parts) : parts_(parts) {}
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
  Outcome<domain::Job> find(const std::string& name);

  Parts parts_;
};

}  // namespace clary::services
