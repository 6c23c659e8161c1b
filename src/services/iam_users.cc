#include "services/iam_users.h"

#include "base/strings.h"
#include "base/text_encoding.h"
#include "domain/permissions.h"
#include "services/iam_policies.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

constexpr domain::IdentityKind kUser = domain::IdentityKind::kUser;

api::User user_of(const domain::Identity& identity, const AccountId& account) {
  api::User user;
  user.path = identity.path;
  user.user_name = identity.name;
  user.user_id = identity.id;
  user.arn = identity_arn(identity, account);
  user.create_date = identity.created;
  if (!identity.tags.empty()) {
    user.tags.emplace();
    for (const domain::Tag& tag : identity.tags) user.tags->push_back({tag.key, tag.value});
  }
  return user;
}

}  // namespace

Outcome<std::string> user_named(const std::optional<std::string>& name,
                                const CallContext& context) {
  if (name) return *name;
  const std::optional<domain::PrincipalName> caller = domain::principal_name(context.principal);
  if (caller && caller->kind == kUser) return caller->name;
  return ServiceError("ValidationError",
                      "Must specify userName when calling with non-User credentials", 400);
}

Outcome<api::CreateUser::Reply> IamUsers::create(const api::CreateUser::Request& request,
                                                 const CallContext& context) {
  domain::Identity user{.kind = kUser,
                        .name = request.user_name,
                        .id = "AIDA" + to_upper(ids_.hex(17)),
                        .path = request.path.value_or("/"),
                        .created = context.now,
                        .trust = "",
                        .description = "",
                        .max_session_seconds = 0,
                        .tags = {}};
  if (request.tags) {
    for (const api::Tag& tag : *request.tags) user.tags.push_back({tag.key, tag.value});
  }
  if (auto refused = identities_.create(user)) return *refused;
  return api::CreateUser::Reply{.user = user_of(user, context.account)};
}

Outcome<api::GetUser::Reply> IamUsers::get(const api::GetUser::Request& request,
                                           const CallContext& context) {
  CLARY_TRY(const std::string name, user_named(request.user_name, context));
  CLARY_TRY(const domain::Identity user, identities_.find(kUser, name));
  return api::GetUser::Reply{.user = user_of(user, context.account)};
}

Outcome<api::ListUsers::Reply> IamUsers::list(const api::ListUsers::Request& request,
                                              const CallContext& context) {
  CLARY_TRY(const std::vector<domain::Identity> all, identities_.list(kUser, request.path_prefix));
  CLARY_TRY(const IamPage page, iam_page(all.size(), request.marker, request.max_items));
  api::ListUsers::Reply reply{
      .users = {}, .is_truncated = page.marker.has_value(), .marker = page.marker};
  for (std::size_t at = page.begin; at < page.end; ++at) {
    api::User user = user_of(all[at], context.account);
    user.tags.reset();  // AWS leaves them out of lists
    reply.users.push_back(std::move(user));
  }
  return reply;
}

Outcome<api::DeleteUser::Reply> IamUsers::remove(const api::DeleteUser::Request& request,
                                                 const CallContext& context) {
  CLARY_TRY(const domain::Identity user, identities_.find(kUser, request.user_name));
  CLARY_TRY(const std::vector<domain::AccessKey> held,
            keys_.of_principal(identity_arn(user, context.account)));
  if (!held.empty()) {
    return ServiceError("DeleteConflict", "Cannot delete entity, must delete access keys first.",
                        409);
  }
  return done_or<api::DeleteUser::Reply>(identities_.remove(kUser, request.user_name));
}

Outcome<api::AttachUserPolicy::Reply> IamUsers::attach(
    const api::AttachUserPolicy::Request& request, const CallContext&) {
  if (auto refused = check_managed(policies_, request.policy_arn)) return *refused;
  return done_or<api::AttachUserPolicy::Reply>(
      identities_.attach(kUser, request.user_name, request.policy_arn));
}

Outcome<api::DetachUserPolicy::Reply> IamUsers::detach(
    const api::DetachUserPolicy::Request& request, const CallContext&) {
  return done_or<api::DetachUserPolicy::Reply>(
      identities_.take(kUser, request.user_name, request.policy_arn));
}

Outcome<api::ListAttachedUserPolicies::Reply> IamUsers::list_attached(
    const api::ListAttachedUserPolicies::Request& request, const CallContext&) {
  return attached_policies<api::ListAttachedUserPolicies::Reply>(
      identities_, {kUser, request.user_name}, request);
}

Outcome<api::PutUserPolicy::Reply> IamUsers::put_policy(const api::PutUserPolicy::Request& request,
                                                        const CallContext&) {
  return done_or<api::PutUserPolicy::Reply>(identities_.put(
      kUser, request.user_name,
      {.name = request.policy_name, .arn = "", .document = request.policy_document}));
}

Outcome<api::GetUserPolicy::Reply> IamUsers::get_policy(const api::GetUserPolicy::Request& request,
                                                        const CallContext&) {
  CLARY_TRY(const domain::IdentityPolicy policy,
            identities_.policy(kUser, request.user_name, request.policy_name));
  return api::GetUserPolicy::Reply{.user_name = request.user_name,
                                   .policy_name = policy.name,
                                   .policy_document = percent_encode(policy.document)};
}

Outcome<api::DeleteUserPolicy::Reply> IamUsers::delete_policy(
    const api::DeleteUserPolicy::Request& request, const CallContext&) {
  return done_or<api::DeleteUserPolicy::Reply>(
      identities_.take(kUser, request.user_name, request.policy_name));
}

Outcome<api::ListUserPolicies::Reply> IamUsers::list_policies(
    const api::ListUserPolicies::Request& request, const CallContext&) {
  return policy_names<api::ListUserPolicies::Reply>(identities_, {kUser, request.user_name},
                                                    request);
}

void IamUsers::add_to(Router& router) {
  router.add<api::CreateUser>(*this, &IamUsers::create);
  router.add<api::GetUser>(*this, &IamUsers::get);
  router.add<api::ListUsers>(*this, &IamUsers::list);
  router.add<api::DeleteUser>(*this, &IamUsers::remove);
  router.add<api::AttachUserPolicy>(*this, &IamUsers::attach);
  router.add<api::DetachUserPolicy>(*this, &IamUsers::detach);
  router.add<api::ListAttachedUserPolicies>(*this, &IamUsers::list_attached);
  router.add<api::PutUserPolicy>(*this, &IamUsers::put_policy);
  router.add<api::GetUserPolicy>(*this, &IamUsers::get_policy);
  router.add<api::DeleteUserPolicy>(*this, &IamUsers::delete_policy);
  router.add<api::ListUserPolicies>(*this, &IamUsers::list_policies);
}

}  // namespace clary::services
