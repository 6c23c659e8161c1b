// From CreateEndpointConfig's request to a configuration, and the rules that AWS's model of the API
// does not state. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "api/endpoint_configs.h"
#include "domain/endpoint.h"
#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/service_error.h"

namespace clary::services {

// ValidationException: the first rule that is broken.
Outcome<domain::EndpointConfig> config_of(const api::CreateEndpointConfigInput& request,
                                          const CallContext& context);

// ValidationException: a serverless variant that provisions more calls than it may have.
Complaint check_provisioned(const std::string& variant, std::int64_t provisioned,
                            std::int64_t max_concurrency);

}  // namespace clary::services
