// From a job and its events to what DescribeTrainingJob and ListTrainingJobs say. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/training_jobs.h"
#include "domain/job.h"
#include "telemetry/metric_store.h"

namespace clary::services {

// "InProgress", "Completed", ...
std::string_view job_status(const domain::Job& job);
// "Starting", "Downloading", "MaxRuntimeExceeded", ... of a job that is in this phase.
std::string_view secondary_status(domain::Phase phase, domain::StopReason reason);

// Internal when the kept request cannot be read.
Result<api::DescribeTrainingJobResponse> describe_job(
    const domain::Job& job, const std::vector<domain::JobEvent>& events,
    const std::vector<telemetry::SeriesSummary>& metrics);
api::TrainingJobSummary summarize_job(const domain::Job& job);

}  // namespace clary::services
