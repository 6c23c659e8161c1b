// What is wrong with a request's signature, in each service's own code and words. Pure; any thread.
#pragma once

#include "services/service_error.h"
#include "wire/shape.h"
#include "wire/sigv4_verify.h"

namespace clary::services {

ServiceError auth_error(const wire::AuthFailure& failure, const wire::Service& service);

}  // namespace clary::services
