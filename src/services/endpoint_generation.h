// What a configuration makes of an endpoint: copies of it and of its models.
// Members without effect of all requests that led there go with it as notices.
#pragma once

#include <string>
#include <vector>

#include "api/endpoints.h"
#include "domain/endpoint.h"
#include "domain/endpoint_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// number 0: the caller gives it one. ValidationException: the configuration or a model of its is
// not there.
Outcome<domain::EndpointGeneration> generation_of(const std::string& config_name,
                                                  domain::EndpointStore& store,
                                                  const CallContext& context);

// RetainAllVariantProperties: variants of the same name keep how many instances they want and their
// weight, and the endpoint its data capture, all but what `excluded` names.
void retain_properties(domain::EndpointGeneration& next, const domain::EndpointGeneration& serving,
                       const std::vector<api::VariantProperty>& excluded);

}  // namespace clary::services
