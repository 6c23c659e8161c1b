// From CreateEndpointConfig's request to a configuration, and the rules that AWS's model of the API
// does not state. Pure.
#pragma once

#include "api/endpoint_configs.h"
#include "domain/endpoint.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// ValidationException: the first rule that is broken.
Outcome<domain::EndpointConfig> config_of(const api::CreateEndpointConfigInput& request,
                                          const CallContext& context);

}  // namespace clary::services
