// IAM's users. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/users.h"
#include "base/id_source.h"
#include "domain/key_store.h"
#include "domain/policy_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

// `name`, or the caller's own where a user asks without one; ValidationError for any other caller.
Outcome<std::string> user_named(const std::optional<std::string>& name, const CallContext& context);

class IamUsers {
 public:
  IamUsers(domain::IdentityStore& store, domain::PolicyStore& policies, domain::KeyStore& keys,
           IdSource& ids)
      : identities_(store), policies_(policies), keys_(keys), ids_(ids) {}
  void add_to(Router& router);

  Outcome<api::CreateUser::Reply> create(const api::CreateUser::Request& request,
                                         const CallContext& context);
  Outcome<api::GetUser::Reply> get(const api::GetUser::Request& request,
                                   const CallContext& context);
  Outcome<api::ListUsers::Reply> list(const api::ListUsers::Request& request,
                                      const CallContext& context);
  Outcome<api::DeleteUser::Reply> remove(const api::DeleteUser::Request& request,
                                         const CallContext& context);

  Outcome<api::AttachUserPolicy::Reply> attach(const api::AttachUserPolicy::Request& request,
                                               const CallContext& context);
  Outcome<api::DetachUserPolicy::Reply> detach(const api::DetachUserPolicy::Request& request,
                                               const CallContext& context);
  Outcome<api::ListAttachedUserPolicies::Reply> list_attached(
      const api::ListAttachedUserPolicies::Request& request, const CallContext& context);
  Outcome<api::PutUserPolicy::Reply> put_policy(const api::PutUserPolicy::Request& request,
                                                const CallContext& context);
  Outcome<api::GetUserPolicy::Reply> get_policy(const api::GetUserPolicy::Request& request,
                                                const CallContext& context);
  Outcome<api::DeleteUserPolicy::Reply> delete_policy(const api::DeleteUserPolicy::Request& request,
                                                      const CallContext& context);
  Outcome<api::ListUserPolicies::Reply> list_policies(const api::ListUserPolicies::Request& request,
                                                      const CallContext& context);

 private:
  IamIdentities identities_;
  domain::PolicyStore& policies_;
  domain::KeyStore& keys_;
  IdSource& ids_;
};

}  // namespace clary::services
