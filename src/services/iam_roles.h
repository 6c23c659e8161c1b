// IAM's roles. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/roles.h"
#include "base/id_source.h"
#include "domain/policy_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

class IamRoles {
 public:
  IamRoles(domain::IdentityStore& store, domain::PolicyStore& policies, IdSource& ids)
      : identities_(store), policies_(policies), ids_(ids) {}
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

  Outcome<api::AttachRolePolicy::Reply> attach(const api::AttachRolePolicy::Request& request,
                                               const CallContext& context);
  Outcome<api::DetachRolePolicy::Reply> detach(const api::DetachRolePolicy::Request& request,
                                               const CallContext& context);
  Outcome<api::ListAttachedRolePolicies::Reply> list_attached(
      const api::ListAttachedRolePolicies::Request& request, const CallContext& context);
  Outcome<api::PutRolePolicy::Reply> put_policy(const api::PutRolePolicy::Request& request,
                                                const CallContext& context);
  Outcome<api::GetRolePolicy::Reply> get_policy(const api::GetRolePolicy::Request& request,
                                                const CallContext& context);
  Outcome<api::DeleteRolePolicy::Reply> delete_policy(const api::DeleteRolePolicy::Request& request,
                                                      const CallContext& context);
  Outcome<api::ListRolePolicies::Reply> list_policies(const api::ListRolePolicies::Request& request,
                                                      const CallContext& context);

 private:
  IamIdentities identities_;
  domain::PolicyStore& policies_;
  IdSource& ids_;
};

}  // namespace clary::services
