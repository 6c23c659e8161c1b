#include "services/iam_policies.h"

#include <algorithm>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "domain/managed_policies.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

using domain::IdentityKind;
using domain::ManagedPolicy;
using domain::PolicyVersion;

constexpr std::size_t kMostVersions = 5;  // AWS's quota
// 2024-01-01: when AWS made its policies is not kept.
constexpr TimePoint kAwsPolicyCreated{std::chrono::seconds(1'704'067'200)};

ServiceError no_policy(const std::string& arn) {
  return no_such_entity("Policy " + arn + " does not exist or is not attachable.");
}

std::string version_id(int number) { return "v" + std::to_string(number); }

bool is_awss(std::string_view arn) { return arn.starts_with("arn:aws:iam::aws:policy/"); }

// "/team/" of "arn:aws:iam::1:policy/team/NAME"
std::string path_of(const std::string& arn) {
  const std::size_t begin = arn.find('/');
  return arn.substr(begin, arn.rfind('/') + 1 - begin);
}

std::string name_of(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

ManagedPolicy awss_policy(std::string_view arn) {
  return {.arn = std::string(arn),
          .id = "ANPA" + to_upper(hex_encode(sha256(arn)).substr(0, 17)),
          .description = "",
          .created = kAwsPolicyCreated,
          .updated = kAwsPolicyCreated,
          .tags = {},
          .versions = {{.number = 1,
                        .document = std::string(*domain::managed_policy(arn)),
                        .created = kAwsPolicyCreated}},
          .default_version = 1,
          .last_version = 1};
}

// AWS's or the account's own.
Outcome<ManagedPolicy> find_managed(domain::PolicyStore& store, const std::string& arn) {
  if (domain::managed_policy(arn)) return awss_policy(arn);
  Result<ManagedPolicy> own = store.find_policy(arn);
  if (own.ok()) return *std::move(own);
  if (own.error().code == ErrorCode::kNotFound) return no_policy(arn);
  return own.error();
}

// One that may be changed.
Outcome<ManagedPolicy> find_own(domain::PolicyStore& store, const std::string& arn) {
  if (is_awss(arn)) {
    return ServiceError("AccessDenied", "The policy " + arn + " is AWS's and stays as it is.", 403);
  }
  return find_managed(store, arn);
}

Outcome<int> version_in(const ManagedPolicy& policy, const std::string& id) {
  for (const PolicyVersion& version : policy.versions) {
    if (version_id(version.number) == id) return version.number;
  }
  return no_such_entity("Policy " + policy.arn + " version " + id +
                        " does not exist or is not attachable.");
}

// In replies about one policy with its description; lists leave that out, and tags.
enum class Detail { kWhole, kListed };

Outcome<api::Policy> to_wire(domain::PolicyStore& store, const ManagedPolicy& policy,
                             Detail detail) {
  CLARY_TRY(const auto holders, store.attached(policy.arn));
  api::Policy out;
  out.policy_name = name_of(policy.arn);
  out.policy_id = policy.id;
  out.arn = policy.arn;
  out.path = path_of(policy.arn);
  out.default_version_id = version_id(policy.default_version);
  out.attachment_count = static_cast<std::int64_t>(holders.size());
  out.permissions_boundary_usage_count = 0;
  out.is_attachable = true;
  out.create_date = policy.created;
  out.update_date = policy.updated;
  if (detail == Detail::kListed) return out;
  if (!policy.description.empty()) out.description = policy.description;
  out.tags.emplace();
  for (const domain::Tag& tag : policy.tags) out.tags->push_back({tag.key, tag.value});
  return out;
}

api::PolicyVersion to_wire(const ManagedPolicy& policy, const PolicyVersion& version,
                           Detail detail) {
  api::PolicyVersion out;
  // AWS gives policies percent-encoded.
  if (detail == Detail::kWhole) out.document = percent_encode(version.document);
  out.version_id = version_id(version.number);
  out.is_default_version = version.number == policy.default_version;
  out.create_date = version.created;
  return out;
}

}  // namespace

std::optional<ServiceError> check_managed(domain::PolicyStore& store, const std::string& arn) {
  if (const auto found = find_managed(store, arn); found.ok() || !is_awss(arn))
    return found.ok() ? std::nullopt : std::optional(found.error());
  std::string known;
  for (const std::string_view one : domain::managed_policy_arns())
    known += (known.empty() ? "" : ", ") + std::string(one.substr(one.rfind('/') + 1));
  return no_such_entity("Policy " + arn +
                        " does not exist or is not attachable. Of AWS's Clary knows: " + known +
                        "; make any other with CreatePolicy.");
}

Outcome<api::CreatePolicy::Reply> IamPolicies::create(const api::CreatePolicy::Request& request,
                                                      const CallContext& context) {
  if (auto refused = check_policy(request.policy_document)) return *refused;
  ManagedPolicy policy{
      .arn = "arn:aws:iam::" + context.account.value() + ":policy" + request.path.value_or("/") +
             request.policy_name,
      .id = "ANPA" + to_upper(ids_.hex(17)),
      .description = request.description.value_or(""),
      .created = context.now,
      .updated = context.now,
      .tags = {},
      .versions = {{.number = 1, .document = request.policy_document, .created = context.now}},
      .default_version = 1,
      .last_version = 1};
  if (request.tags) {
    for (const api::iam::Tag& tag : *request.tags) policy.tags.push_back({tag.key, tag.value});
  }
  MutexLock lock(changing_);
  CLARY_TRY(const std::vector<ManagedPolicy> others, store_.list_policies());
  // Whatever its path and its case: a name is given once in an account.
  const std::string name = to_lower(request.policy_name);
  if (std::ranges::any_of(others, [&name](const ManagedPolicy& other) {
        return to_lower(name_of(other.arn)) == name;
      })) {
    return ServiceError("EntityAlreadyExists",
                        "A policy called " + request.policy_name +
                            " already exists. Duplicate names are not allowed.",
                        409);
  }
  CLARY_RETURN_IF_ERROR(store_.create_policy(policy));
  CLARY_TRY(api::Policy reply, to_wire(store_, policy, Detail::kWhole));
  return api::CreatePolicy::Reply{.policy = std::move(reply)};
}

Outcome<api::GetPolicy::Reply> IamPolicies::get(const api::GetPolicy::Request& request,
                                                const CallContext&) {
  CLARY_TRY(const ManagedPolicy policy, find_managed(store_, request.policy_arn));
  CLARY_TRY(api::Policy reply, to_wire(store_, policy, Detail::kWhole));
  return api::GetPolicy::Reply{.policy = std::move(reply)};
}

Outcome<api::DeletePolicy::Reply> IamPolicies::remove(const api::DeletePolicy::Request& request,
                                                      const CallContext&) {
  MutexLock lock(changing_);
  CLARY_TRY(const ManagedPolicy policy, find_own(store_, request.policy_arn));
  if (policy.versions.size() > 1) {
    return ServiceError("DeleteConflict",
                        "This policy has more than one version. Before you delete a policy, you "
                        "must delete the policy's versions. The default version is deleted with "
                        "the policy.",
                        409);
  }
  const Status done = store_.remove_policy(request.policy_arn);
  if (!done.ok() && done.error().code == ErrorCode::kConflict)
    return ServiceError("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
  CLARY_RETURN_IF_ERROR(done);
  return api::DeletePolicy::Reply{};
}

Outcome<api::ListPolicies::Reply> IamPolicies::list(const api::ListPolicies::Request& request,
                                                    const CallContext&) {
  const std::string scope = request.scope.value_or("All");
  std::vector<ManagedPolicy> all;
  if (scope != "AWS") {
    CLARY_TRY(all, store_.list_policies());
  }
  if (scope != "Local") {
    for (const std::string_view arn : domain::managed_policy_arns())
      all.push_back(awss_policy(arn));
  }
  std::vector<api::Policy> wanted;
  for (const ManagedPolicy& policy : all) {
    if (!path_of(policy.arn).starts_with(request.path_prefix.value_or("/"))) continue;
    CLARY_TRY(api::Policy one, to_wire(store_, policy, Detail::kListed));
    if (request.only_attached.value_or(false) && one.attachment_count == 0) continue;
    wanted.push_back(std::move(one));
  }
  api::ListPolicies::Reply reply;
  CLARY_TRY(reply.policies, iam_page(std::move(wanted), request, reply));
  return reply;
}

Outcome<api::ListEntitiesForPolicy::Reply> IamPolicies::list_entities(
    const api::ListEntitiesForPolicy::Request& request, const CallContext&) {
  CLARY_TRY(const ManagedPolicy policy, find_managed(store_, request.policy_arn));
  CLARY_TRY(const auto holders, store_.attached(policy.arn));
  const std::string filter = request.entity_filter.value_or("");
  std::vector<domain::Identity> wanted;
  for (const auto& [kind, name] : holders) {
    if (!filter.empty() && filter != (kind == IdentityKind::kRole ? "Role" : "User")) continue;
    Outcome<domain::Identity> holder = identities_.find(kind, name);
    if (!holder.ok() && holder.error().code == "NoSuchEntity") continue;  // removed meanwhile
    if (!holder.ok()) return holder.error();
    if (holder->path.starts_with(request.path_prefix.value_or("/")))
      wanted.push_back(std::move(*holder));
  }
  api::ListEntitiesForPolicy::Reply reply;
  CLARY_TRY(const auto shown, iam_page(std::move(wanted), request, reply));
  reply.policy_groups.emplace();
  reply.policy_users.emplace();
  reply.policy_roles.emplace();
  for (const domain::Identity& holder : shown) {
    if (holder.kind == IdentityKind::kRole) {
      reply.policy_roles->push_back({.role_name = holder.name, .role_id = holder.id});
    } else {
      reply.policy_users->push_back({.user_name = holder.name, .user_id = holder.id});
    }
  }
  return reply;
}

Outcome<api::CreatePolicyVersion::Reply> IamPolicies::create_version(
    const api::CreatePolicyVersion::Request& request, const CallContext& context) {
  if (auto refused = check_policy(request.policy_document)) return *refused;
  MutexLock lock(changing_);
  CLARY_TRY(ManagedPolicy policy, find_own(store_, request.policy_arn));
  if (policy.versions.size() >= kMostVersions) {
    return ServiceError("LimitExceeded",
                        "A managed policy can have up to 5 versions. Before you create a new "
                        "version, you must delete an existing version.",
                        409);
  }
  policy.versions.push_back({.number = ++policy.last_version,
                             .document = request.policy_document,
                             .created = context.now});
  if (request.set_as_default.value_or(false)) {
    policy.default_version = policy.last_version;
    policy.updated = context.now;
  }
  CLARY_RETURN_IF_ERROR(store_.replace_policy(policy));
  api::PolicyVersion made = to_wire(policy, policy.versions.back(), Detail::kListed);
  return api::CreatePolicyVersion::Reply{.policy_version = std::move(made)};
}

Outcome<api::GetPolicyVersion::Reply> IamPolicies::get_version(
    const api::GetPolicyVersion::Request& request, const CallContext&) {
  CLARY_TRY(const ManagedPolicy policy, find_managed(store_, request.policy_arn));
  CLARY_TRY(const int number, version_in(policy, request.version_id));
  return api::GetPolicyVersion::Reply{.policy_version =
                                          to_wire(policy, policy.version(number), Detail::kWhole)};
}

Outcome<api::ListPolicyVersions::Reply> IamPolicies::list_versions(
    const api::ListPolicyVersions::Request& request, const CallContext&) {
  CLARY_TRY(ManagedPolicy policy, find_managed(store_, request.policy_arn));
  std::ranges::reverse(policy.versions);  // as AWS: the newest first
  api::ListPolicyVersions::Reply reply;
  CLARY_TRY(const auto shown, iam_page(policy.versions, request, reply));
  reply.versions.emplace();
  for (const auto& version : shown)
    reply.versions->push_back(to_wire(policy, version, Detail::kListed));
  return reply;
}

Outcome<api::DeletePolicyVersion::Reply> IamPolicies::remove_version(
    const api::DeletePolicyVersion::Request& request, const CallContext&) {
  MutexLock lock(changing_);
  CLARY_TRY(ManagedPolicy policy, find_own(store_, request.policy_arn));
  CLARY_TRY(const int number, version_in(policy, request.version_id));
  if (number == policy.default_version)
    return ServiceError("DeleteConflict", "Cannot delete the default version of a policy.", 409);
  std::erase_if(policy.versions,
                [number](const PolicyVersion& version) { return version.number == number; });
  CLARY_RETURN_IF_ERROR(store_.replace_policy(policy));
  return api::DeletePolicyVersion::Reply{};
}

Outcome<api::SetDefaultPolicyVersion::Reply> IamPolicies::set_default(
    const api::SetDefaultPolicyVersion::Request& request, const CallContext& context) {
  MutexLock lock(changing_);
  CLARY_TRY(ManagedPolicy policy, find_own(store_, request.policy_arn));
  CLARY_TRY(policy.default_version, version_in(policy, request.version_id));
  policy.updated = context.now;
  CLARY_RETURN_IF_ERROR(store_.replace_policy(policy));
  return api::SetDefaultPolicyVersion::Reply{};
}

void IamPolicies::add_to(Router& router) {
  router.add<api::CreatePolicy>(*this, &IamPolicies::create);
  router.add<api::GetPolicy>(*this, &IamPolicies::get);
  router.add<api::DeletePolicy>(*this, &IamPolicies::remove);
  router.add<api::ListPolicies>(*this, &IamPolicies::list);
  router.add<api::ListEntitiesForPolicy>(*this, &IamPolicies::list_entities);
  router.add<api::CreatePolicyVersion>(*this, &IamPolicies::create_version);
  router.add<api::GetPolicyVersion>(*this, &IamPolicies::get_version);
  router.add<api::ListPolicyVersions>(*this, &IamPolicies::list_versions);
  router.add<api::DeletePolicyVersion>(*this, &IamPolicies::remove_version);
  router.add<api::SetDefaultPolicyVersion>(*this, &IamPolicies::set_default);
}

}  // namespace clary::services
