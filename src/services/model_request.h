// From CreateModel's request to a model, and the rules that AWS's model of the API does not state.
// Pure.
#pragma once

#include "api/models.h"
#include "domain/endpoint.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// ValidationException: the first rule that is broken.
Outcome<domain::Model> model_of(const api::CreateModelInput& request, const CallContext& context);

}  // namespace clary::services
