// SageMaker's runtime: InvokeEndpoint, InvokeEndpointWithResponseStream. Thread-safe; a call holds
// its thread until the model has answered.
#pragma once

#include <string>

#include "api/endpoint_invocations.h"
#include "hosting/endpoint_calls.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class EndpointInvocations {
 public:
  // calls outlives the service.
  explicit EndpointInvocations(hosting::EndpointCalls& calls) : calls_(calls) {}
  void add_to(Router& router);

  // ValidationError, ServiceUnavailable; ModelError (424) when the model's container answers with
  // anything but success, or not in time.
  Outcome<WithBytes<api::InvokeEndpointOutput>> invoke(const api::InvokeEndpointInput& request,
                                                       std::string body,
                                                       const CallContext& context);

  // Likewise, with the model's answer as events while it is made.
  Outcome<WithEvents<api::InvokeEndpointWithResponseStreamOutput>> invoke_streaming(
      const api::InvokeEndpointWithResponseStreamInput& request, std::string body,
      const CallContext& context);

 private:
  hosting::EndpointCalls& calls_;
};

}  // namespace clary::services
