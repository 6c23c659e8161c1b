// From a job and its events to what DescribeTrainingJob and ListTrainingJobs say. Pure.
#pragma once

#include <vector>

#include "api/training_jobs.h"
#include "domain/job.h"
#include "telemetry/metric_store.h"

namespace clary::services {

// Internal when the kept request cannot be read.
Result<api::DescribeTrainingJobResponse> describe_job(
    const domain::Job& job, const std::vector<domain::JobEvent>& events,
    const std::vector<telemetry::SeriesSummary>& metrics);
api::TrainingJobSummary summarize_job(const domain::Job& job);

}  // namespace clary::services
