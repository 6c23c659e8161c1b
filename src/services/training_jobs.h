// SageMaker's training jobs: CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs,
// StopTrainingJob, UpdateTrainingJob.
//
// Create checks shapes only, as AWS does: what is well-formed but cannot run here is accepted and
// fails with a sentence. Thread-safe.
#pragma once

#include "api/training_jobs.h"
#include "base/id_source.h"
#include "domain/job_store.h"
#include "runtime/job_changes.h"
#include "services/call_context.h"
#include "services/jobs_of_kind.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/metric_store.h"

namespace clary::services {

class TrainingJobs {
 public:
  struct Parts {  // all outlive the service
    domain::JobStore& jobs;
    runtime::JobChanges& changes;
    telemetry::MetricStore& metrics;
    domain::IdentityStore& identities;
    IdSource& ids;
  };
  explicit TrainingJobs(Parts parts)
      : parts_(parts),
        jobs_(domain::JobKind::kTraining, {.jobs = parts.jobs,
                                           .changes = parts.changes,
                                           .identities = parts.identities,
                                           .ids = parts.ids}) {}
  void add_to(Router& router);

  Outcome<api::CreateTrainingJobResponse> create(const api::CreateTrainingJobRequest& request,
                                                 const CallContext& context);
  Outcome<api::DescribeTrainingJobResponse> describe(const api::DescribeTrainingJobRequest& request,
                                                     const CallContext& context);
  Outcome<api::ListTrainingJobsResponse> list(const api::ListTrainingJobsRequest& request,
                                              const CallContext& context);
  Outcome<api::StopTrainingJobReply> stop(const api::StopTrainingJobRequest& request,
                                          const CallContext& context);
  // Changes what DescribeTrainingJob shows of the profiler: nothing else of a job can be changed
  // on one host.
  Outcome<api::UpdateTrainingJobResponse> update(const api::UpdateTrainingJobRequest& request,
                                                 const CallContext& context);

 private:
  Parts parts_;
  JobsOfKind jobs_;
};

}  // namespace clary::services
