// What a client prints when a job enters its phase. Pure.
#pragma once

#include <string_view>

#include "domain/job.h"

namespace clary::domain {

// "Starting the training job". Source: contract of DescribeTrainingJob, SecondaryStatusTransitions.
std::string_view phase_line(const Job& job);

}  // namespace clary::domain
