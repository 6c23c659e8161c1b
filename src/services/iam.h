// IAM: the default role, which exists from the start. Stateless; any thread.
#pragma once

#include "api/roles.h"
#include "services/router.h"

namespace clary::services {

class Iam {
 public:
  void add_to(Router& router);

  // SageMakerRole; NoSuchEntity for any other.
  Outcome<api::GetRole::Reply> get_role(const api::GetRole::Request& request,
                                        const CallContext& context);
};

}  // namespace clary::services
