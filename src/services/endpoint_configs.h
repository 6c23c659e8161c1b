// SageMaker's endpoint configurations: CreateEndpointConfig, DescribeEndpointConfig,
// ListEndpointConfigs, DeleteEndpointConfig. Thread-safe.
#pragma once

#include "api/endpoint_configs.h"
#include "domain/endpoint_store.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class EndpointConfigs {
 public:
  struct Parts {  // all outlive the service
    domain::EndpointStore& store;
    domain::JobStore& jobs;  // keeps the tags
  };
  explicit EndpointConfigs(Parts parts) : parts_(parts) {}
  void add_to(Router& router);

  // Its models must be there.
  Outcome<api::CreateEndpointConfigOutput> create(const api::CreateEndpointConfigInput& request,
                                                  const CallContext& context);
  Outcome<api::DescribeEndpointConfigOutput> describe(
      const api::DescribeEndpointConfigInput& request, const CallContext& context);
  Outcome<api::ListEndpointConfigsOutput> list(const api::ListEndpointConfigsInput& request,
                                               const CallContext& context);
  // Endpoints made of it serve on.
  Outcome<api::DeleteEndpointConfigReply> remove(const api::DeleteEndpointConfigInput& request,
                                                 const CallContext& context);

 private:
  Parts parts_;
};

}  // namespace clary::services
