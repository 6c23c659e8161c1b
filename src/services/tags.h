// SageMaker's tags: AddTags, ListTags, DeleteTags. Of jobs, models, endpoint
// configurations and endpoints, by ARN. Thread-safe.
#pragma once

#include "api/tags.h"
#include "domain/endpoint_store.h"
#include "domain/job_store.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"

namespace clary::services {

class Tags {
 public:
  // Both outlive the service; jobs keeps the tags of all.
  Tags(domain::JobStore& jobs, domain::EndpointStore& endpoints)
      : jobs_(jobs), endpoints_(endpoints) {}
  void add_to(Router& router);

  // The reply has all tags of the resource. ResourceLimitExceeded above 50.
  Outcome<api::AddTagsOutput> add(const api::AddTagsInput& request, const CallContext& context);
  // Pages of 50. `Tags` is always there.
  Outcome<api::ListTagsOutput> list(const api::ListTagsInput& request, const CallContext& context);
  Outcome<api::DeleteTagsOutput> remove(const api::DeleteTagsInput& request,
                                        const CallContext& context);

 private:
  // The ARN as the store knows it. ValidationException when there is no such resource.
  Outcome<Arn> resource(const std::string& arn);

  domain::JobStore& jobs_;
  domain::EndpointStore& endpoints_;
};

}  // namespace clary::services
