// From CreateTransformJob's request to a job, and the rules that the model does not state. Pure.
#pragma once

#include "api/transform_jobs.h"
#include "domain/endpoint.h"
#include "domain/job.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// The job as it will be created, but for its gang. ValidationException: the first rule that is
// broken.
Outcome<domain::Job> job_of(const api::CreateTransformJobRequest& request,
                            const domain::Model& model, const CallContext& context);

// What AWS fills in where a request says nothing.
void fill_in_transform(api::CreateTransformJobRequest& request);

}  // namespace clary::services
