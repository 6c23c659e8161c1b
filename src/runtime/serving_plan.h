// The plan of a serving job or a transform job, where it differs from that of other jobs. Pure.
#pragma once

#include <string>
#include <vector>

#include "compute/resources.h"
#include "domain/job.h"
#include "hostlink/plan.h"

namespace clary::runtime {

// Its program is a model server.
bool serves_model(const domain::Job& job);

// What the job's one host asks of the machine, and how a person is told of it: that of a transform
// job does the work of all its instances.
compute::Resources of_all_instances(const domain::Job& job, const compute::Resources& each);
std::string shown_instances(const domain::Job& job);  // "ml.m5.large", "2 x ml.m5.large"

// Fills in what the job's container asks for, and takes out what such a job has not: an end,
// artifacts, the training toolkit of its image. socket: serving_socket_path().
void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan);

// What an instance of a serverless variant is given: of the machine's cores one for each call that
// may be under way, and for each of them the memory that was asked for, as far as the machine has
// so much. What it has not is added to the notices.
compute::Resources serverless_resources(const domain::Serverless& asked,
                                        const compute::Resources& machine,
                                        std::vector<std::string>& notices);

}  // namespace clary::runtime
