// From CreateProcessingJob's request to a job, and the rules that the model does not state. Pure.
#pragma once

#include "api/processing_jobs.h"
#include "domain/job.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// The job as it will be created, but for its gang. ValidationException: the first rule that is
// broken.
Outcome<domain::Job> job_of(const api::CreateProcessingJobRequest& request,
                            const CallContext& context);

// What AWS fills in where a request says nothing.
void fill_in(api::CreateProcessingJobRequest& request);

}  // namespace clary::services
