// SageMaker's endpoints: CreateEndpoint, DescribeEndpoint, ListEndpoints, DeleteEndpoint,
// UpdateEndpoint, UpdateEndpointWeightsAndCapacities.
//
// An operation only writes down what is wanted and wakes whoever keeps the instances. While an
// endpoint is created, updated or removed it can be neither updated nor removed, as on AWS.
// Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "api/endpoints.h"
#include "base/id_source.h"
#include "domain/endpoint_store.h"
#include "domain/job_store.h"
#include "hosting/endpoint_changes.h"
#include "hosting/endpoint_sights.h"
#include "services/call_context.h"
#include "services/job_rules.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class Endpoints {
 public:
  struct Parts {  // all outlive the service
    domain::EndpointStore& store;
    domain::JobStore& jobs;  // keeps the tags
    hosting::EndpointChanges& changes;
    hosting::EndpointSights& sights;
    IdSource& ids;
  };
  explicit Endpoints(Parts parts) : parts_(parts) {}
  void add_to(Router& router);

  Outcome<api::CreateEndpointOutput> create(const api::CreateEndpointInput& request,
                                            const CallContext& context);
  Outcome<api::DescribeEndpointOutput> describe(const api::DescribeEndpointInput& request,
                                                const CallContext& context);
  Outcome<api::ListEndpointsOutput> list(const api::ListEndpointsInput& request,
                                         const CallContext& context);
  Outcome<api::DeleteEndpointReply> remove(const api::DeleteEndpointInput& request,
                                           const CallContext& context);
  Outcome<api::UpdateEndpointOutput> update(const api::UpdateEndpointInput& request,
                                            const CallContext& context);
  Outcome<api::UpdateEndpointWeightsAndCapacitiesOutput> update_weights(
      const api::UpdateEndpointWeightsAndCapacitiesInput& request, const CallContext& context);

 private:
  // Nothing: the record is changed as it should be; else why it may not be.
  using Change = std::function<Complaint(domain::Endpoint&)>;
  // Commits the change on the record as it stands, again when somebody else was faster. Its ARN.
  Outcome<Arn> change(const std::string& name, const CallContext& context, const Change& change);

  Parts parts_;
};

}  // namespace clary::services
