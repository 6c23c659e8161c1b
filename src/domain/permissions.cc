#include "domain/permissions.h"

#include "base/strings.h"
#include "domain/managed_policies.h"

namespace clary::domain {
namespace {

Decision evaluate_all(const std::vector<Policy>& policies, const PolicyQuestion& question) {
  Decision decision = Decision::kImplicitDeny;
  for (const Policy& policy : policies) {
    const Decision one = policy.evaluate(question);
    if (one == Decision::kExplicitDeny) return one;
    if (one == Decision::kAllowed) decision = one;
  }
  return decision;
}

Result<Policy> stored_policy(std::string_view text, const std::string& owner) {
  Result<Policy> policy = Policy::parse(text);
  if (policy.ok()) return policy;
  return internal_error("a policy of '" + owner + "': " + policy.error().message);
}

Result<std::vector<Policy>> policies_of(IdentityKind kind, const std::string& name,
                                        IdentityStore& identities) {
  std::vector<Policy> out;
  if (kind == IdentityKind::kRole && name == kDefaultRole) {
    CLARY_TRY(Policy policy, stored_policy(default_role_policy(), name));
    out.push_back(std::move(policy));
    return out;
  }
  CLARY_TRY(const std::vector<IdentityPolicy> kept, identities.policies(kind, name));
  for (const IdentityPolicy& one : kept) {
    const std::optional<std::string_view> managed = managed_policy(one.arn);
    if (!managed && one.document.empty()) continue;  // it was removed while it was being attached
    CLARY_TRY(Policy policy, stored_policy(managed ? *managed : one.document, name));
    out.push_back(std::move(policy));
  }
  return out;
}

}  // namespace

std::optional<PrincipalName> principal_name(std::string_view arn) {
  const std::vector<std::string_view> parts = split(arn, ':');
  if (parts.size() != 6 || parts[0] != "arn") return std::nullopt;
  const std::vector<std::string_view> words = split(parts[5], '/');
  if (words.size() < 2) return std::nullopt;
  if (words[0] == "assumed-role") return PrincipalName{IdentityKind::kRole, std::string(words[1])};
  if (words[0] == "role") return PrincipalName{IdentityKind::kRole, std::string(words.back())};
  if (words[0] == "user") return PrincipalName{IdentityKind::kUser, std::string(words.back())};
  return std::nullopt;
}

bool is_root(std::string_view principal) {
  return principal == "root" || principal.ends_with(":root");
}

Result<Permissions> Permissions::of_identity(IdentityKind kind, const std::string& name,
                                             IdentityStore& identities) {
  Permissions out;
  CLARY_TRY(out.identity_, policies_of(kind, name, identities));
  return out;
}

Result<Permissions> Permissions::of_key(const AccessKey& key, IdentityStore& identities) {
  Permissions out;
  out.unlimited_ = is_root(key.principal);
  if (out.unlimited_) return out;
  const std::optional<PrincipalName> named = principal_name(key.principal);
  const bool job = !key.gang.empty();
  const bool default_role = named && named->name == kDefaultRole;
  if (named && !(job && default_role)) {
    CLARY_TRY(out.identity_, policies_of(named->kind, named->name, identities));
  }
  if (key.policy.empty() || (job && !out.identity_.empty())) return out;
  CLARY_TRY(Policy own, stored_policy(key.policy, key.id.value()));
  if (job) {
    out.identity_.push_back(std::move(own));
  } else {
    out.session_ = std::move(own);
  }
  return out;
}

Decision Permissions::evaluate(const PolicyQuestion& question) const {
  if (unlimited_) return Decision::kAllowed;
  const Decision identity = evaluate_all(identity_, question);
  if (!session_ || identity == Decision::kExplicitDeny) return identity;
  const Decision session = session_->evaluate(question);
  return identity == Decision::kAllowed || session == Decision::kExplicitDeny ? session : identity;
}

}  // namespace clary::domain
