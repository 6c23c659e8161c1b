#include "services/iam_simulation.h"

#include "base/strings.h"
#include "domain/permissions.h"
#include "services/iam_replies.h"

namespace clary::services {
namespace {

ServiceError invalid_input(std::string message) {
  return {"InvalidInput", std::move(message), 400};
}

const char* decision_word(domain::Decision decision) {
  switch (decision) {
    case domain::Decision::kAllowed:
      return "allowed";
    case domain::Decision::kExplicitDeny:
      return "explicitDeny";
    case domain::Decision::kImplicitDeny:
      break;
  }
  return "implicitDeny";
}

bool is_action(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon != 0 && colon != std::string_view::npos && colon + 1 < name.size() &&
         name.find('*') == std::string_view::npos;
}

domain::PolicyFacts facts_of(const api::SimulatePrincipalPolicy::Request& request,
                             const CallContext& context) {
  domain::PolicyFacts facts =
      domain::asker_facts(request.policy_source_arn, context.account.value(), context.now);
  if (!request.context_entries) return facts;
  for (const api::ContextEntry& entry : *request.context_entries) {
    if (!entry.context_key_name) continue;
    facts[to_lower(*entry.context_key_name)] =
        entry.context_key_values.value_or(std::vector<std::string>());
  }
  return facts;
}

}  // namespace

Outcome<api::SimulatePrincipalPolicy::Reply> IamSimulation::simulate(
    const api::SimulatePrincipalPolicy::Request& request, const CallContext& context) {
  const std::optional<domain::PrincipalName> source =
      domain::principal_name(request.policy_source_arn);
  if (!source || request.policy_source_arn.find(":iam:") == std::string::npos)
    return invalid_input("Invalid Entity Arn: " + request.policy_source_arn);
  if (auto found = identities_.find(source->kind, source->name); !found.ok()) return found.error();
  CLARY_TRY(domain::Permissions permissions,
            domain::Permissions::of_identity(source->kind, source->name, store_));
  for (const std::string& text : request.policy_input_list.value_or(std::vector<std::string>())) {
    Result<domain::Policy> policy = domain::Policy::parse(text);
    if (!policy.ok()) return invalid_input("PolicyInputList: " + policy.error().message);
    permissions.add(std::move(*policy));
  }

  const std::vector<std::string> resources =
      request.resource_arns.value_or(std::vector<std::string>{"*"});
  std::vector<api::EvaluationResult> all;
  domain::PolicyQuestion question{.principal = request.policy_source_arn,
                                  .account = context.account.value(),
                                  .action = "",
                                  .resource = "",
                                  .facts = facts_of(request, context)};
  for (const std::string& action : request.action_names) {
    if (!is_action(action)) return invalid_input("Invalid Action Name: " + action);
    question.action = action;
    for (const std::string& resource : resources) {
      question.resource = resource;
      api::EvaluationResult result;
      result.eval_action_name = action;
      result.eval_resource_name = resource;
      result.eval_decision = decision_word(permissions.evaluate(question));
      result.matched_statements.emplace();
      result.missing_context_values.emplace();
      all.push_back(std::move(result));
    }
  }
  api::SimulatePrincipalPolicy::Reply reply;
  CLARY_TRY(reply.evaluation_results, iam_page(std::move(all), request, reply));
  return reply;
}

void IamSimulation::add_to(Router& router) {
  router.add<api::SimulatePrincipalPolicy>(*this, &IamSimulation::simulate);
}

}  // namespace clary::services
