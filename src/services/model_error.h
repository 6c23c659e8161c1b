// What callers of endpoints are told, in AWS's exact form: ModelError, which says what the model's
// container said of a call that failed, and of an endpoint that is not there. Pure.
#pragma once

#include <string>

#include "hosting/endpoint_calls.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// answer: of a status that is no success.
ServiceError model_error(const std::string& endpoint, const hosting::EndpointAnswer& answer,
                         const CallContext& context);
// The container has not answered in time.
ServiceError model_timeout(const std::string& endpoint, const CallContext& context);
// ValidationError. Source: contract.md 1.4.
ServiceError no_endpoint(const std::string& endpoint, const CallContext& context);

}  // namespace clary::services
