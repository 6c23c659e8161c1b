// The job that runs one container of one instance of an endpoint. Pure.
#pragma once

#include "domain/job.h"
#include "hosting/endpoint_plan.h"

namespace clary::hosting {

// Without a gang. Precondition: the variant has such a container.
domain::Job serving_job(const domain::Endpoint& endpoint, const domain::EndpointVariant& variant,
                        const InstanceId& instance, std::size_t container);

// "<endpoint's id>-<generation>-<instance>-<container>-<variant>": every job of an endpoint begins
// with its id.
JobName serving_job_name(const domain::ServingPlace& place);

}  // namespace clary::hosting
