// From CreateTrainingJob's request to a job, and the rules that the model does not state. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/training_jobs.h"
#include "domain/job.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// The job as it will be created, but for its gang. ValidationException: the first rule that is
// broken.
Outcome<domain::Job> job_of(const api::CreateTrainingJobRequest& request,
                            const CallContext& context);

// Keys are told apart by case and given once; "aws:" is reserved.
Outcome<std::vector<domain::Tag>> tags_of(const std::vector<api::Tag>& tags);

// Members that were sent and mean nothing here, as lines for the timeline.
std::vector<std::string> inert_notices(const CallContext& context);

}  // namespace clary::services
