#include "services/iam_users.h"

#include "base/strings.h"
#include "domain/permissions.h"
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
    for (const api::iam::Tag& tag : *request.tags) user.tags.push_back({tag.key, tag.value});
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
  CLARY_TRY(std::vector<domain::Identity> all, identities_.list(kUser, request.path_prefix));
  api::ListUsers::Reply reply;
  CLARY_TRY(const auto shown, iam_page(std::move(all), request, reply));
  for (const domain::Identity& one : shown) {
    api::User user = user_of(one, context.account);
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

void IamUsers::add_to(Router& router) {
  router.add<api::CreateUser>(*this, &IamUsers::create);
  router.add<api::GetUser>(*this, &IamUsers::get);
  router.add<api::ListUsers>(*this, &IamUsers::list);
  router.add<api::DeleteUser>(*this, &IamUsers::remove);
  held_policies_.add_to(router);
}

}  // namespace clary::services
