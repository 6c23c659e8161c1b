#include "domain/permissions.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time_text.h"
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
  PrincipalName out{IdentityKind::kRole, std::string(words.back()), std::string(parts[1]),
                    std::string(parts[4])};
  if (words[0] == "role") return out;
  if (words[0] == "assumed-role") {
    out.name = words[1];
    return out;
  }
  if (words[0] != "user") return std::nullopt;
  out.kind = IdentityKind::kUser;
  return out;
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

Result<Permissions> Permissions::of_key(const AccessKey& key, IdentityStore& identities,
                                        std::string_view account) {
  Permissions out;
  out.unlimited_ = is_root(key.principal);
  if (out.unlimited_) return out;
  const std::optional<PrincipalName> named = principal_name(key.principal);
  const bool job = !key.gang.empty();
  const bool default_role = named && named->name == kDefaultRole;
  const bool of_others = named && !named->is_of(account);
  if (named && !(job && (default_role || of_others))) {
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

Result<std::string> principal_arn(const std::string& principal, const std::string& account,
                                  IdentityStore& identities) {
  if (is_root(principal)) return "arn:aws:iam::" + account + ":root";
  const std::optional<PrincipalName> named = principal_name(principal);
  if (!named || split(principal, ':')[2] != "sts") return principal;
  std::string path = "/";
  if (named->is_of(account)) {
    const Result<Identity> role = identities.find(IdentityKind::kRole, named->name);
    if (!role.ok() && role.error().code != ErrorCode::kNotFound) return role.error();
    if (role.ok()) path = role->path;
  }
  return "arn:" + named->partition + ":iam::" + named->account + ":role" + path + named->name;
}

Result<bool> outlived_its_identity(const AccessKey& key, IdentityStore& identities) {
  const std::optional<PrincipalName> named = principal_name(key.principal);
  if (!named || !key.expires || !key.gang.empty() || key.created == TimePoint()) return false;
  const Result<Identity> holder = identities.find(named->kind, named->name);
  if (holder.ok()) return holder->created > key.created;
  if (holder.error().code == ErrorCode::kNotFound) return false;
  return holder.error();
}

PolicyFacts asker_facts(const std::string& principal_arn, const std::string& account,
                        TimePoint now) {
  return {{"aws:currenttime", {iso8601(now)}},
          {"aws:epochtime", {std::to_string(to_epoch_milliseconds(now) / 1000)}},
          {"aws:principalaccount", {account}},
          {"aws:principalarn", {principal_arn}}};
}

Permissions Permissions::of_nobody() {
  Permissions out;
  out.nobody_ = true;
  return out;
}

Decision Permissions::evaluate(const PolicyQuestion& question) const {
  if (unlimited_) return Decision::kAllowed;
  const Decision identity = evaluate_all(identity_, question);
  if (!session_ || identity == Decision::kExplicitDeny) return identity;
  const Decision session = session_->evaluate(question);
  return identity == Decision::kAllowed || session == Decision::kExplicitDeny ? session : identity;
}

bool Permissions::is_beyond_policies(std::string_view action) const {
  return unlimited_ && (action == "s3:PutBucketPolicy" || action == "s3:GetBucketPolicy" ||
                        action == "s3:DeleteBucketPolicy");
}

bool Permissions::allows_with(const PolicyQuestion& question, Decision own,
                              ResourceDecision resource) const {
  if (own != Decision::kImplicitDeny) return own == Decision::kAllowed;
  if (resource != ResourceDecision::kAllowedToRole) return resource == ResourceDecision::kAllowed;
  return !session_ || session_->evaluate(question) == Decision::kAllowed;
}

std::optional<std::string> Permissions::refusal(const PolicyQuestion& question,
                                                const Policy* resource) const {
  if (is_beyond_policies(question.action)) return std::nullopt;
  const auto sentence = [&](const std::string& reason) {
    return "User: " + question.principal + " is not authorized to perform: " + question.action +
           " on resource: " + question.resource + ' ' + reason;
  };
  const ResourceDecision by_resource = resource == nullptr
                                           ? ResourceDecision::kImplicitDeny
                                           : resource->evaluate_for_resource(question);
  if (by_resource == ResourceDecision::kExplicitDeny)
    return sentence("with an explicit deny in a resource-based policy");
  const Decision own = evaluate(question);
  if (allows_with(question, own, by_resource)) return std::nullopt;
  if (nobody_) return "Access Denied";
  const Decision identity = evaluate_all(identity_, question);
  // A session's policy limits what the identity's allow.
  const bool by_session = session_ && (identity == Decision::kAllowed || identity != own);
  const std::string kind = by_session ? "session" : "identity-based";
  if (own == Decision::kExplicitDeny)
    return sentence("with an explicit deny in " + std::string(by_session ? "a " : "an ") + kind +
                    " policy");
  return sentence("because no " + kind + " policy allows the " + question.action + " action");
}

bool Permissions::tells_apart_below(const PolicyQuestion& question, const Policy* resource) const {
  const auto tells = [&](const Policy& policy) { return policy.tells_apart_below(question); };
  if (resource != nullptr && tells(*resource)) return true;
  if (unlimited_) return false;
  return std::any_of(identity_.begin(), identity_.end(), tells) || (session_ && tells(*session_));
}

}  // namespace clary::domain
