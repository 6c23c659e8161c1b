#include "services/sts.h"

#include "domain/fresh_key.h"
#include "domain/managed_policies.h"
#include "domain/permissions.h"
#include "domain/policy.h"
#include "services/authorizer.h"

namespace clary::services {
namespace {

using domain::IdentityKind;
using domain::is_root;

constexpr std::int64_t kRoleSeconds = 3600;  // AWS's defaults
constexpr std::int64_t kTokenSeconds = 43'200;
constexpr std::size_t kLongestSessionPolicy = 2048;

std::string root_arn(const CallContext& context) {
  return "arn:aws:iam::" + context.account.value() + ":root";
}

// The person's own key acts as the default role.
std::string caller_arn(const CallContext& context) {
  if (!is_root(context.principal)) return context.principal;
  return "arn:aws:sts::" + context.account.value() + ":assumed-role/" +
         std::string(domain::kDefaultRole) + "/clary";
}

ServiceError may_not_assume(const std::string& role_arn, const CallContext& context) {
  return {"AccessDenied",
          "User: " + caller_arn(context) +
              " is not authorized to perform: sts:AssumeRole on resource: " + role_arn,
          403};
}

Result<bool> trusts(const domain::Identity& role, const api::AssumeRole::Request& request,
                    const CallContext& context, domain::IdentityStore& identities) {
  const Result<domain::Policy> trust = domain::Policy::parse(role.trust);
  if (!trust.ok()) return false;
  CLARY_TRY(domain::PolicyFacts facts, policy_facts(encode(request), context, identities));
  const domain::PolicyQuestion question{
      .principal = is_root(context.principal) ? root_arn(context) : context.principal,
      .account = context.account.value(),
      .action = "sts:AssumeRole",
      .resource = request.role_arn,
      .facts = std::move(facts)};
  return trust->evaluate(question) == domain::Decision::kAllowed;
}

}  // namespace

Outcome<api::GetCallerIdentity::Reply> Sts::get_caller_identity(
    const api::GetCallerIdentity::Request&, const CallContext& context) {
  const std::string arn = caller_arn(context);
  std::string id = "AROAUNKNOWNROLE";  // a job may name a role that was never made
  if (const auto named = domain::principal_name(arn)) {
    auto identity = identities_.find(named->kind, named->name);
    if (identity.ok()) id = identity->id;
    if (named->kind == IdentityKind::kRole) id += ':' + arn.substr(arn.rfind('/') + 1);
  }
  return api::GetCallerIdentity::Reply{
      .user_id = id, .account = context.account.value(), .arn = arn};
}

Outcome<api::Credentials> Sts::issue(domain::AccessKey key, const CallContext& context) {
  key.created = context.now;
  CLARY_RETURN_IF_ERROR(keys_.remove_expired(context.now));
  CLARY_RETURN_IF_ERROR(keys_.put(key));
  return api::Credentials{.access_key_id = key.id.value(),
                          .secret_access_key = key.secret.reveal(),
                          .session_token = key.session_token.reveal(),
                          .expiration = *key.expires};
}

Outcome<api::AssumeRole::Reply> Sts::assume_role(const api::AssumeRole::Request& request,
                                                 const CallContext& context) {
  const auto named = domain::principal_name(request.role_arn);
  if (!named || named->kind != IdentityKind::kRole)
    return ServiceError("ValidationError", request.role_arn + " is invalid", 400);
  auto found = identities_.find(IdentityKind::kRole, named->name);
  if (!found.ok()) return may_not_assume(request.role_arn, context);
  const domain::Identity role = std::move(*found);
  const bool exact = identity_arn(role, context.account) == request.role_arn;
  CLARY_TRY(const bool trusted, trusts(role, request, context, store_));
  if (!exact || !trusted) return may_not_assume(request.role_arn, context);

  const std::int64_t seconds = request.duration_seconds.value_or(kRoleSeconds);
  if (seconds > role.max_session_seconds) {
    return ServiceError(
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400);
  }
  domain::AccessKey key = domain::fresh_session(ids_, context.now + std::chrono::seconds(seconds));
  key.principal = "arn:aws:sts::" + context.account.value() + ":assumed-role/" + role.name + '/' +
                  request.role_session_name;
  if (request.policy) {
    if (auto refused = check_policy(*request.policy)) return *refused;
    key.policy = *request.policy;
  }
  const std::string arn = key.principal;
  CLARY_TRY(api::Credentials credentials, issue(std::move(key), context));
  api::AssumeRole::Reply reply;
  reply.credentials = std::move(credentials);
  reply.assumed_role_user = {.assumed_role_id = role.id + ':' + request.role_session_name,
                             .arn = arn};
  if (request.policy) {
    reply.packed_policy_size =
        static_cast<std::int64_t>(request.policy->size() * 100 / kLongestSessionPolicy);
  }
  return reply;
}

Outcome<api::GetSessionToken::Reply> Sts::get_session_token(
    const api::GetSessionToken::Request& request, const CallContext& context) {
  if (context.temporary_key) {
    return ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials",
                        403);
  }
  const std::int64_t seconds = request.duration_seconds.value_or(kTokenSeconds);
  domain::AccessKey key = domain::fresh_session(ids_, context.now + std::chrono::seconds(seconds));
  key.principal = is_root(context.principal) ? root_arn(context) : context.principal;
  CLARY_TRY(api::Credentials credentials, issue(std::move(key), context));
  api::GetSessionToken::Reply reply;
  reply.credentials = std::move(credentials);
  return reply;
}

void Sts::add_to(Router& router) {
  router.add<api::GetCallerIdentity>(*this, &Sts::get_caller_identity);
  router.add<api::AssumeRole>(*this, &Sts::assume_role);
  router.add<api::GetSessionToken>(*this, &Sts::get_session_token);
}

}  // namespace clary::services
