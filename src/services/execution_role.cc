#include "services/execution_role.h"

#include "domain/permissions.h"
#include "domain/policy.h"

namespace clary::services {
namespace {

constexpr const char* kSageMaker = "sagemaker.amazonaws.com";

// What a trust's conditions may ask of a service that assumes a role.
// Source: "Cross-service confused deputy prevention", Amazon SageMaker Developer Guide.
domain::PolicyFacts facts_of(const Arn& job, const CallContext& context) {
  domain::PolicyFacts facts = domain::asker_facts(kSageMaker, context.account.value(), context.now);
  facts.erase("aws:principalarn");  // a service has none, and is of no account
  facts.erase("aws:principalaccount");
  facts["aws:sourceaccount"] = {context.account.value()};
  facts["aws:sourcearn"] = {job.value()};
  facts["aws:requestedregion"] = {context.region.value()};
  facts["aws:securetransport"] = {"true"};
  return facts;
}

}  // namespace

Complaint check_execution_role(domain::IdentityStore& identities, const std::string& role_arn,
                               const Arn& job, const CallContext& context) {
  const auto named = domain::principal_name(role_arn);
  if (!named || named->kind != domain::IdentityKind::kRole) return std::nullopt;
  // No role of this account's: one that was never made here, whatever its name.
  if (!named->is_of(context.account.value())) return std::nullopt;
  const Result<domain::Identity> role = identities.find(named->kind, named->name);
  if (!role.ok() && role.error().code != ErrorCode::kNotFound) return ServiceError(role.error());
  if (!role.ok() || role->trust.empty()) return std::nullopt;
  const Result<domain::Policy> trust = domain::Policy::parse(role->trust);
  const domain::PolicyQuestion question{.principal = kSageMaker,
                                        .account = "",
                                        .action = "sts:AssumeRole",
                                        .resource = role_arn,
                                        .facts = facts_of(job, context)};
  if (trust.ok() && trust->evaluate(question) == domain::Decision::kAllowed) return std::nullopt;
  return invalid("Could not assume role " + role_arn +
                 ". Please ensure that the role exists and allows principal '" + kSageMaker +
                 "' to assume the role.");
}

}  // namespace clary::services
