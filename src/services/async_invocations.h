// SageMaker's runtime: InvokeEndpointAsync. Thread-safe.
#pragma once

#include <string>

#include "api/async_invocations.h"
#include "hosting/async_calls.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class AsyncInvocations {
 public:
  // calls outlives the service.
  explicit AsyncInvocations(hosting::AsyncCalls& calls) : calls_(calls) {}
  void add_to(Router& router);

  // The input is the object that the request names, or else `body`. ValidationError.
  Outcome<api::InvokeEndpointAsyncOutput> invoke(const api::InvokeEndpointAsyncInput& request,
                                                 std::string body, const CallContext& context);

 private:
  hosting::AsyncCalls& calls_;
};

}  // namespace clary::services
