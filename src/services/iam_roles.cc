#include "services/iam_roles.h"

#include <algorithm>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "services/iam_policies.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

constexpr domain::IdentityKind kRole = domain::IdentityKind::kRole;
constexpr std::size_t kMostTags = 50;  // AWS's quota

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
    for (const api::Tag& tag : *request.tags) role.tags.push_back({tag.key, tag.value});
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
  CLARY_TRY(const std::vector<domain::Identity> all, identities_.list(kRole, request.path_prefix));
  CLARY_TRY(const IamPage page, iam_page(all.size(), request.marker, request.max_items));
  api::ListRoles::Reply reply{
      .roles = {}, .is_truncated = page.marker.has_value(), .marker = page.marker};
  for (std::size_t at = page.begin; at < page.end; ++at) {
    api::Role role = role_of(all[at], context.account);
    role.tags.reset();  // AWS leaves them out of lists
    reply.roles.push_back(std::move(role));
  }
  return reply;
}

Outcome<api::DeleteRole::Reply> IamRoles::remove(const api::DeleteRole::Request& request,
                                                 const CallContext&) {
  return done_or<api::DeleteRole::Reply>(identities_.remove(kRole, request.role_name));
}

Outcome<api::UpdateAssumeRolePolicy::Reply> IamRoles::update_trust(
    const api::UpdateAssumeRolePolicy::Request& request, const CallContext&) {
  if (auto refused = check_trust(request.policy_document)) return *refused;
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  role.trust = request.policy_document;
  return done_or<api::UpdateAssumeRolePolicy::Reply>(identities_.replace(role));
}

Outcome<api::TagRole::Reply> IamRoles::tag(const api::TagRole::Request& request,
                                           const CallContext&) {
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  for (const api::Tag& tag : request.tags) {
    std::erase_if(role.tags, [&tag](const domain::Tag& old) { return old.key == tag.key; });
    role.tags.push_back({tag.key, tag.value});
  }
  if (role.tags.size() > kMostTags)
    return ServiceError("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
  return done_or<api::TagRole::Reply>(identities_.replace(role));
}

Outcome<api::UntagRole::Reply> IamRoles::untag(const api::UntagRole::Request& request,
                                               const CallContext&) {
  CLARY_TRY(domain::Identity role, identities_.find(kRole, request.role_name));
  std::erase_if(role.tags, [&request](const domain::Tag& tag) {
    return std::ranges::find(request.tag_keys, tag.key) != request.tag_keys.end();
  });
  return done_or<api::UntagRole::Reply>(identities_.replace(role));
}

Outcome<api::ListRoleTags::Reply> IamRoles::list_tags(const api::ListRoleTags::Request& request,
                                                      const CallContext&) {
  CLARY_TRY(const domain::Identity role, identities_.find(kRole, request.role_name));
  CLARY_TRY(const IamPage page, iam_page(role.tags.size(), request.marker, request.max_items));
  api::ListRoleTags::Reply reply;
  reply.is_truncated = page.marker.has_value();
  reply.marker = page.marker;
  for (std::size_t at = page.begin; at < page.end; ++at)
    reply.tags.push_back({role.tags[at].key, role.tags[at].value});
  return reply;
}

Outcome<api::AttachRolePolicy::Reply> IamRoles::attach(
    const api::AttachRolePolicy::Request& request, const CallContext&) {
  if (auto refused = check_managed(policies_, request.policy_arn)) return *refused;
  return done_or<api::AttachRolePolicy::Reply>(
      identities_.attach(kRole, request.role_name, request.policy_arn));
}

Outcome<api::DetachRolePolicy::Reply> IamRoles::detach(
    const api::DetachRolePolicy::Request& request, const CallContext&) {
  return done_or<api::DetachRolePolicy::Reply>(
      identities_.take(kRole, request.role_name, request.policy_arn));
}

Outcome<api::ListAttachedRolePolicies::Reply> IamRoles::list_attached(
    const api::ListAttachedRolePolicies::Request& request, const CallContext&) {
  return attached_policies<api::ListAttachedRolePolicies::Reply>(
      identities_, {kRole, request.role_name}, request);
}

Outcome<api::PutRolePolicy::Reply> IamRoles::put_policy(const api::PutRolePolicy::Request& request,
                                                        const CallContext&) {
  return done_or<api::PutRolePolicy::Reply>(identities_.put(
      kRole, request.role_name,
      {.name = request.policy_name, .arn = "", .document = request.policy_document}));
}

Outcome<api::GetRolePolicy::Reply> IamRoles::get_policy(const api::GetRolePolicy::Request& request,
                                                        const CallContext&) {
  CLARY_TRY(const domain::IdentityPolicy policy,
            identities_.policy(kRole, request.role_name, request.policy_name));
  return api::GetRolePolicy::Reply{.role_name = request.role_name,
                                   .policy_name = policy.name,
                                   .policy_document = percent_encode(policy.document)};
}

Outcome<api::DeleteRolePolicy::Reply> IamRoles::delete_policy(
    const api::DeleteRolePolicy::Request& request, const CallContext&) {
  return done_or<api::DeleteRolePolicy::Reply>(
      identities_.take(kRole, request.role_name, request.policy_name));
}

Outcome<api::ListRolePolicies::Reply> IamRoles::list_policies(
    const api::ListRolePolicies::Request& request, const CallContext&) {
  return policy_names<api::ListRolePolicies::Reply>(identities_, {kRole, request.role_name},
                                                    request);
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
  router.add<api::AttachRolePolicy>(*this, &IamRoles::attach);
  router.add<api::DetachRolePolicy>(*this, &IamRoles::detach);
  router.add<api::ListAttachedRolePolicies>(*this, &IamRoles::list_attached);
  router.add<api::PutRolePolicy>(*this, &IamRoles::put_policy);
  router.add<api::GetRolePolicy>(*this, &IamRoles::get_policy);
  router.add<api::DeleteRolePolicy>(*this, &IamRoles::delete_policy);
  router.add<api::ListRolePolicies>(*this, &IamRoles::list_policies);
}

}  // namespace clary::services
