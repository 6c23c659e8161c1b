// IAM's managed policies: AWS's own, which are read only, and those of the account with their
// versions. Thread-safe.
#pragma once

#include "api/policies.h"
#include "base/id_source.h"
#include "base/mutex.h"
#include "domain/policy_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

// NoSuchEntity for the ARN of a policy that is neither AWS's, of those that are known here, nor the
// account's own.
std::optional<ServiceError> check_managed(domain::PolicyStore& store, const std::string& arn);

class IamPolicies {
 public:
  // Everything passed outlives it.
  IamPolicies(domain::PolicyStore& store, domain::IdentityStore& identities, IdSource& ids)
      : store_(store), identities_(identities), ids_(ids) {}
  void add_to(Router& router);

  // EntityAlreadyExists: a policy of this name is there, whatever its path.
  Outcome<api::CreatePolicy::Reply> create(const api::CreatePolicy::Request& request,
                                           const CallContext& context);
  Outcome<api::GetPolicy::Reply> get(const api::GetPolicy::Request& request,
                                     const CallContext& context);
  // DeleteConflict while it is attached or has versions besides its default one.
  Outcome<api::DeletePolicy::Reply> remove(const api::DeletePolicy::Request& request,
                                           const CallContext& context);
  Outcome<api::ListPolicies::Reply> list(const api::ListPolicies::Request& request,
                                         const CallContext& context);
  Outcome<api::ListEntitiesForPolicy::Reply> list_entities(
      const api::ListEntitiesForPolicy::Request& request, const CallContext& context);

  // LimitExceeded beyond five versions.
  Outcome<api::CreatePolicyVersion::Reply> create_version(
      const api::CreatePolicyVersion::Request& request, const CallContext& context);
  Outcome<api::GetPolicyVersion::Reply> get_version(const api::GetPolicyVersion::Request& request,
                                                    const CallContext& context);
  Outcome<api::ListPolicyVersions::Reply> list_versions(
      const api::ListPolicyVersions::Request& request, const CallContext& context);
  Outcome<api::DeletePolicyVersion::Reply> remove_version(
      const api::DeletePolicyVersion::Request& request, const CallContext& context);
  Outcome<api::SetDefaultPolicyVersion::Reply> set_default(
      const api::SetDefaultPolicyVersion::Request& request, const CallContext& context);

 private:
  domain::PolicyStore& store_;
  IamIdentities identities_;
  IdSource& ids_;
  Mutex changing_;  // held from the reading of policies to the writing of one
};

}  // namespace clary::services
