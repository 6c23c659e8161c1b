// IAM's users. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/users.h"
#include "base/id_source.h"
#include "domain/key_store.h"
#include "domain/policy_store.h"
#include "services/iam_held_policies.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

// `name`, or the caller's own where a user asks without one; ValidationError for any other caller.
Outcome<std::string> user_named(const std::optional<std::string>& name, const CallContext& context);

struct UserPolicyNames {
  static constexpr domain::IdentityKind kKind = domain::IdentityKind::kUser;
  static auto& name_of(auto& message) { return message.user_name; }
  using Attach = api::AttachUserPolicy;
  using Detach = api::DetachUserPolicy;
  using ListAttached = api::ListAttachedUserPolicies;
  using Put = api::PutUserPolicy;
  using Get = api::GetUserPolicy;
  using Delete = api::DeleteUserPolicy;
  using List = api::ListUserPolicies;
};

class IamUsers {
 public:
  IamUsers(domain::IdentityStore& store, domain::PolicyStore& policies, domain::KeyStore& keys,
           IdSource& ids)
      : identities_(store), held_policies_(store, policies), keys_(keys), ids_(ids) {}
  void add_to(Router& router);

  Outcome<api::CreateUser::Reply> create(const api::CreateUser::Request& request,
                                         const CallContext& context);
  Outcome<api::GetUser::Reply> get(const api::GetUser::Request& request,
                                   const CallContext& context);
  Outcome<api::ListUsers::Reply> list(const api::ListUsers::Request& request,
                                      const CallContext& context);
  Outcome<api::DeleteUser::Reply> remove(const api::DeleteUser::Request& request,
                                         const CallContext& context);

 private:
  IamIdentities identities_;
  IamHeldPolicies<UserPolicyNames> held_policies_;
  domain::KeyStore& keys_;
  IdSource& ids_;
};

}  // namespace clary::services
