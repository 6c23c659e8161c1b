// The plan of a serving job, where it differs from that of other jobs. Pure.
#pragma once

#include <string>
#include <vector>

#include "compute/resources.h"
#include "domain/job.h"
#include "hostlink/plan.h"

namespace clary::runtime {

// Fills in what the job's container asks for, and takes out what a serving job has not: an end,
// artifacts, the training toolkit of its image. socket: serving_socket_path().
void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan);

// What an instance of a serverless variant is given: of the machine's cores one for each call that
// may be under way, and for each of them the memory that was asked for, as far as the machine has
// so much. What it has not is added to the notices.
compute::Resources serverless_resources(const domain::Serverless& asked,
                                        const compute::Resources& machine,
                                        std::vector<std::string>& notices);

}  // namespace clary::runtime
