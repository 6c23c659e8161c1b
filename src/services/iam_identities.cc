#include "services/iam_identities.h"

#include <algorithm>
#include <cctype>

#include "domain/managed_policies.h"
#include "domain/policy.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

using domain::Identity;
using domain::IdentityKind;
using domain::IdentityPolicy;

// What AWS raises its quota of 10 to: SDK v3 gives its training role 11.
constexpr std::size_t kMostManagedPolicies = 20;
// 2024-01-01: the default role has no true date of birth.
constexpr TimePoint kDefaultRoleCreated{std::chrono::seconds(1'704'067'200)};
// SDK v3 refuses a role that SageMaker may not assume.
constexpr std::string_view kDefaultTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]})";

const char* word(IdentityKind kind) { return kind == IdentityKind::kRole ? "role" : "user"; }
const char* title(IdentityKind kind) { return kind == IdentityKind::kRole ? "Role" : "User"; }

ServiceError no_identity(IdentityKind kind, const std::string& name) {
  return no_such_entity("The " + std::string(word(kind)) + " with name " + name +
                        " cannot be found.");
}

ServiceError no_policy_of(IdentityKind kind, const std::string& name, const std::string& key) {
  if (key.starts_with("arn:"))
    return no_such_entity("Policy " + key + " was not found attached to " + word(kind) + " " +
                          name + ".");
  return no_such_entity("The " + std::string(word(kind)) + " policy with name " + key +
                        " cannot be found.");
}

bool is_default(IdentityKind kind, std::string_view name) {
  return kind == IdentityKind::kRole && name == domain::kDefaultRole;
}

Identity default_role() {
  return {.kind = IdentityKind::kRole,
          .name = std::string(domain::kDefaultRole),
          .id = "AROACLARYDEFAULTROLE0",
          .path = "/",
          .created = kDefaultRoleCreated,
          .trust = std::string(kDefaultTrust),
          .description = "Made by Clary: what jobs and people act as.",
          .max_session_seconds = 3600,
          .tags = {}};
}

std::optional<ServiceError> malformed(const Status& checked) {
  if (checked.ok()) return std::nullopt;
  return ServiceError("MalformedPolicyDocument", checked.error().message, 400);
}

}  // namespace

Outcome<Identity> IamIdentities::find(IdentityKind kind, const std::string& name) {
  if (is_default(kind, name)) return default_role();
  Result<Identity> found = store_.find(kind, name);
  if (found.ok()) return std::move(*found);
  if (found.error().code == ErrorCode::kNotFound) return no_identity(kind, name);
  return found.error();
}

Outcome<std::vector<Identity>> IamIdentities::list(IdentityKind kind,
                                                   const std::optional<std::string>& path_prefix) {
  CLARY_TRY(std::vector<Identity> all, store_.list(kind));
  if (kind == IdentityKind::kRole) all.push_back(default_role());
  if (path_prefix) {
    std::erase_if(all, [&](const Identity& one) { return !one.path.starts_with(*path_prefix); });
  }
  std::ranges::sort(all, {}, &Identity::name);
  return all;
}

std::optional<ServiceError> IamIdentities::create(const Identity& identity) {
  const Status made = is_default(identity.kind, identity.name) ? Status(already_exists(""))
                                                               : store_.create(identity);
  if (made.ok()) return std::nullopt;
  if (made.error().code != ErrorCode::kAlreadyExists) return ServiceError(made.error());
  return ServiceError("EntityAlreadyExists",
                      title(identity.kind) + (" with name " + identity.name) + " already exists.",
                      409);
}

std::optional<ServiceError> IamIdentities::replace(const Identity& identity) {
  if (auto refused = changeable(identity.kind, identity.name)) return refused;
  const Status done = store_.replace(identity);
  if (done.ok()) return std::nullopt;
  return ServiceError(done.error());
}

std::optional<ServiceError> IamIdentities::remove(IdentityKind kind, const std::string& name) {
  if (auto refused = changeable(kind, name)) return refused;
  const Status done = store_.remove(kind, name);
  if (done.ok()) return std::nullopt;
  if (done.error().code == ErrorCode::kConflict) {
    return ServiceError("DeleteConflict",
                        "Cannot delete entity, must delete and detach all policies first.", 409);
  }
  return ServiceError(done.error());
}

Outcome<std::vector<IdentityPolicy>> IamIdentities::policies(IdentityKind kind,
                                                             const std::string& name,
                                                             PolicyForm form) {
  if (auto found = find(kind, name); !found.ok()) return found.error();
  std::vector<IdentityPolicy> all;
  if (is_default(kind, name)) {
    all.push_back({.name = "ClaryDefault",
                   .arn = "",
                   .document = std::string(domain::default_role_policy())});
  } else {
    CLARY_TRY(all, store_.policies(kind, name));
  }
  std::erase_if(all, [form](const IdentityPolicy& one) {
    return one.arn.empty() != (form == PolicyForm::kText);
  });
  return all;
}

Outcome<IdentityPolicy> IamIdentities::policy(IdentityKind kind, const std::string& name,
                                              const std::string& policy_name) {
  CLARY_TRY(const std::vector<IdentityPolicy> all, policies(kind, name, PolicyForm::kText));
  for (const IdentityPolicy& one : all) {
    if (one.name == policy_name) return one;
  }
  return no_policy_of(kind, name, policy_name);
}

std::optional<ServiceError> IamIdentities::put(IdentityKind kind, const std::string& name,
                                               const IdentityPolicy& policy) {
  if (auto refused = changeable(kind, name)) return refused;
  if (policy.arn.empty()) {
    if (auto refused = check_policy(policy.document)) return refused;
  }
  const Status done = store_.put_policy(kind, name, policy);
  if (done.ok()) return std::nullopt;
  return ServiceError(done.error());
}

std::optional<ServiceError> IamIdentities::attach(IdentityKind kind, const std::string& name,
                                                  const std::string& arn) {
  if (auto refused = changeable(kind, name)) return refused;
  Outcome<std::vector<IdentityPolicy>> attached = policies(kind, name, PolicyForm::kManaged);
  if (!attached.ok()) return attached.error();
  const bool there =
      std::ranges::any_of(*attached, [&arn](const IdentityPolicy& one) { return one.arn == arn; });
  if (!there && attached->size() >= kMostManagedPolicies) {
    return ServiceError("LimitExceeded",
                        "Cannot exceed quota for PoliciesPer" + std::string(title(kind)) + ": 20",
                        409);
  }
  return put(kind, name, {.name = "", .arn = arn, .document = ""});
}

std::optional<ServiceError> IamIdentities::take(IdentityKind kind, const std::string& name,
                                                const std::string& key) {
  if (auto refused = changeable(kind, name)) return refused;
  const Status done = store_.remove_policy(kind, name, key);
  if (done.ok()) return std::nullopt;
  if (done.error().code == ErrorCode::kNotFound) return no_policy_of(kind, name, key);
  return ServiceError(done.error());
}

std::optional<ServiceError> IamIdentities::changeable(IdentityKind kind, const std::string& name) {
  if (is_default(kind, name)) {
    return ServiceError("UnmodifiableEntity",
                        "The role " + name +
                            " is Clary's own and stays as it is: make a role of your own with "
                            "CreateRole.",
                        400);
  }
  const auto found = find(kind, name);
  if (found.ok()) return std::nullopt;
  return found.error();
}

std::string identity_arn(const Identity& identity, const AccountId& account) {
  return "arn:aws:iam::" + account.value() + ':' + word(identity.kind) + identity.path +
         identity.name;
}

std::optional<ServiceError> check_trust(const std::string& document) {
  const Result<domain::Policy> policy = domain::Policy::parse(document);
  return malformed(policy.ok() ? policy->check_trust_policy() : Status(policy.error()));
}

std::optional<ServiceError> check_policy(const std::string& document) {
  const Result<domain::Policy> policy = domain::Policy::parse(document);
  return malformed(policy.ok() ? policy->check_identity_policy() : Status(policy.error()));
}

}  // namespace clary::services
