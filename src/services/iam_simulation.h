// IAM's SimulatePrincipalPolicy: the evaluator asked in advance. Thread-safe. Everything passed
// outlives it.
#pragma once

#include "api/simulation.h"
#include "domain/identity_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

class IamSimulation {
 public:
  explicit IamSimulation(domain::IdentityStore& store) : store_(store), identities_(store) {}
  void add_to(Router& router);

  // The policies of a role or a user, and PolicyInputList besides, on every action and resource.
  Outcome<api::SimulatePrincipalPolicy::Reply> simulate(
      const api::SimulatePrincipalPolicy::Request& request, const CallContext& context);

 private:
  domain::IdentityStore& store_;
  IamIdentities identities_;
};

}  // namespace clary::services
