// IAM: the default role, which exists from the start. Stateless; any thread.
#pragma once

#include "api/roles.h"
#include "services/router.h"

namespace clary::services {

class Iam {
 public:
  // SageMakerRole; NoSuchEntity for any other.
  Outcome<api::GetRole::Reply> get_role(const api::GetRole::Request& request,
                                        const CallContext& context);
};

void add_operations(Iam& iam, Router& router);

}  // namespace clary::services
