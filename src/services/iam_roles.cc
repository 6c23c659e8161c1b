#include "services/iam_roles.h"

#include <algorithm>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

constexpr domain::IdentityKind kRole = domain::IdentityKind::kRole;
constexpr std::size_t kMostRoleTags = 50;  // AWS's quota

// AWS gives policies percent-encoded.
api::Role role_of(const domain::Identity& identity, const AccountId& account) {
  api::Role role;
  role.path = identity.path;
  role.role_name = identity.name;
  role.role_id = identity.id;
  role.arn = identity_arn(identity, account);
  role.create_date = identity.created;
  role.assume_role_policy_document = percent_encode(identity.trust);
  if (!identity.description.empty()) role.description = identity.description;
  role.max_session_duration = identity.max_session_seconds;
  if (!identity.tags.empty()) {
    role.tags.emplace();
    for (const domain::Tag& tag : identity.tags) role.tags->push_back({tag.key, tag.value});
  }
  return role;
}

}  // namespace

Outcome<api::CreateRole::Reply> IamRoles::create(const api::CreateRole::Request& request,
                                                 const CallContext& context) {
  if (auto refused = check_trust(request.assume_role_policy_document)) return *refused;
  domain::Identity role{
      .kind = kRole,
      .name = request.role_name,
      .id = "AROA" + to_upper(ids_.hex(17)),
      .path = request.path.value_or("/"),
      .created = context.now,
      .trust = request.assume_role_policy_document,
      .description = request.description.value_or(""),
      .max_session_seconds = static_cast<int>(request.max_session_duration.value_or(3600)),
      .tags = {}};
  if (request.tags) {
    for (const api::iam::Tag& tag : *request.tags) role.tags.push_back({tag.key, tag.value});
  }
  if (auto refused = identities_.create(role)) return *refused;
  return api::CreateRole::Reply{.role = role_of(role, context.account)};
}

Outcome<api::GetRole::Reply> IamRoles::get(const api::GetRole::Request& request,
                                           const CallContext& context) {
  CLARY_TRY(const domain::Identity role, identities_.find(kRole, request.role_name));
  return api::GetRole::Reply{.role = role_of(role, context.account)};
}

Outcome<api::ListRoles::Reply> IamRoles::list(const api::ListRoles::Request& request,
                                              const CallContext& context) {
  CLARY_TRY(std::vector<domain::Identity> all, identities_.list(kRole, request.path_prefix));
  api::ListRoles::Reply reply;
  CLARY_TRY(const auto shown, iam_page(std::move(all), request, reply));
  for (const domain::Identity& one : shown) {
    api::Role role = role_of(one, context.account);
    role.tags.reset();  // AWS leaves them out of lists
    reply.roles.push_back(std::move(role));
  }
  return reply;
}

Outcome<api::DeleteRole::Reply> IamRoles::remove(const api::DeleteRole::Request& request,
                                                 const CallContext&) {
  MutexLock lock(changing_);
  return done_or<api::DeleteRole::Reply>(identities_.remove(kRole, request.role_name));
}

Outcome<api::UpdateAssumeRolePolicy::Reply> IamRoles::update_trust(
    const api::UpdateAssumeRolePolicy::Request& request, const CallContext&) {
  if (auto refused = check_trust(request.policy_document)) return *refused;
  MutexLock lock(changing_);
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  role.trust = request.policy_document;
  return done_or<api::UpdateAssumeRolePolicy::Reply>(identities_.replace(role));
}

Outcome<api::TagRole::Reply> IamRoles::tag(const api::TagRole::Request& request,
                                           const CallContext&) {
  MutexLock lock(changing_);
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  for (const api::iam::Tag& tag : request.tags) {
    std::erase_if(role.tags, [&tag](const domain::Tag& old) { return old.key == tag.key; });
    role.tags.push_back({tag.key, tag.value});
  }
  if (role.tags.size() > kMostRoleTags)
    return ServiceError("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
  return done_or<api::TagRole::Reply>(identities_.replace(role));
}

Outcome<api::UntagRole::Reply> IamRoles::untag(const api::UntagRole::Request& request,
                                               const CallContext&) {
  MutexLock lock(changing_);
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  std::erase_if(role.tags, [&request](const domain::Tag& tag) {
    return std::ranges::find(request.tag_keys, tag.key) != request.tag_keys.end();
  });
  return done_or<api::UntagRole::Reply>(identities_.replace(role));
}

Outcome<api::ListRoleTags::Reply> IamRoles::list_tags(const api::ListRoleTags::Request& request,
                                                      const CallContext&) {
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  api::ListRoleTags::Reply reply;
  CLARY_TRY(const auto shown, iam_page(std::move(role.tags), request, reply));
  for (const domain::Tag& tag : shown) reply.tags.push_back({tag.key, tag.value});
  return reply;
}

void IamRoles::add_to(Router& router) {
  router.add<api::CreateRole>(*this, &IamRoles::create);
  router.add<api::GetRole>(*this, &IamRoles::get);
  router.add<api::ListRoles>(*this, &IamRoles::list);
  router.add<api::DeleteRole>(*this, &IamRoles::remove);
  router.add<api::UpdateAssumeRolePolicy>(*this, &IamRoles::update_trust);
  router.add<api::TagRole>(*this, &IamRoles::tag);
  router.add<api::UntagRole>(*this, &IamRoles::untag);
  router.add<api::ListRoleTags>(*this, &IamRoles::list_tags);
  held_policies_.add_to(router);
}

}  // namespace clary::services
