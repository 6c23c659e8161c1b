// SageMaker's models: CreateModel, DescribeModel, ListModels, DeleteModel. Thread-safe.
//
// A model is a record: nothing is fetched until an endpoint is made of it, which takes a copy.
#pragma once

#include "api/models.h"
#include "domain/endpoint_store.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class Models {
 public:
  struct Parts {  // all outlive the service
    domain::EndpointStore& store;
    domain::JobStore& jobs;  // keeps the tags
    domain::IdentityStore& identities;
  };
  explicit Models(Parts parts) : parts_(parts) {}
  void add_to(Router& router);

  Outcome<api::CreateModelOutput> create(const api::CreateModelInput& request,
                                         const CallContext& context);
  Outcome<api::DescribeModelOutput> describe(const api::DescribeModelInput& request,
                                             const CallContext& context);
  Outcome<api::ListModelsOutput> list(const api::ListModelsInput& request,
                                      const CallContext& context);
  // Endpoints made of it serve on.
  Outcome<api::DeleteModelReply> remove(const api::DeleteModelInput& request,
                                        const CallContext& context);

 private:
  Parts parts_;
};

}  // namespace clary::services
