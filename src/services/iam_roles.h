// IAM's roles. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/roles.h"
#include "base/id_source.h"
#include "base/mutex.h"
#include "domain/policy_store.h"
#include "services/iam_held_policies.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

struct RolePolicyNames {
  static constexpr domain::IdentityKind kKind = domain::IdentityKind::kRole;
  static auto& name_of(auto& message) { return message.role_name; }
  using Attach = api::AttachRolePolicy;
  using Detach = api::DetachRolePolicy;
  using ListAttached = api::ListAttachedRolePolicies;
  using Put = api::PutRolePolicy;
  using Get = api::GetRolePolicy;
  using Delete = api::DeleteRolePolicy;
  using List = api::ListRolePolicies;
};

class IamRoles {
 public:
  IamRoles(domain::IdentityStore& store, domain::PolicyStore& policies, IdSource& ids)
      : identities_(store), held_policies_(store, policies), ids_(ids) {}
  void add_to(Router& router);

  Outcome<api::CreateRole::Reply> create(const api::CreateRole::Request& request,
                                         const CallContext& context);
  Outcome<api::GetRole::Reply> get(const api::GetRole::Request& request,
                                   const CallContext& context);
  Outcome<api::ListRoles::Reply> list(const api::ListRoles::Request& request,
                                      const CallContext& context);
  Outcome<api::DeleteRole::Reply> remove(const api::DeleteRole::Request& request,
                                         const CallContext& context);
  Outcome<api::UpdateAssumeRolePolicy::Reply> update_trust(
      const api::UpdateAssumeRolePolicy::Request& request, const CallContext& context);

  Outcome<api::TagRole::Reply> tag(const api::TagRole::Request& request,
                                   const CallContext& context);
  Outcome<api::UntagRole::Reply> untag(const api::UntagRole::Request& request,
                                       const CallContext& context);
  Outcome<api::ListRoleTags::Reply> list_tags(const api::ListRoleTags::Request& request,
                                              const CallContext& context);

 private:
  IamIdentities identities_;
  IamHeldPolicies<RolePolicyNames> held_policies_;
  IdSource& ids_;
  Mutex changing_;  // held from the reading of a role to its writing, and where one is removed
};

}  // namespace clary::services
