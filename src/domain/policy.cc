#include "domain/policy.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/strings.h"
#include "base/wildcard.h"
#include "domain/permissions.h"

namespace clary::domain {
namespace {

constexpr std::size_t kLongestPolicy = 20 << 10;  // AWS's limit for a bucket policy

Error unknown(std::string_view what) { return invalid_argument("policy: " + std::string(what)); }

// Of two elements (Action, NotAction) exactly one, or none when both are absent.
Result<const Document*> one_of(const Document& statement, std::string_view plain,
                               std::string_view negated) {
  const Document* first = statement.find(plain);
  const Document* second = statement.find(negated);
  if (first != nullptr && second != nullptr) {
    return unknown(std::string(plain) + " and " + std::string(negated) + " exclude each other");
  }
  return first != nullptr ? first : second;
}

Status check_elements(const Document& object, std::initializer_list<std::string_view> known,
                      std::string_view where) {
  for (const auto& [name, unused] : *object.as_object()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid_argument(std::string(where) + " has an unknown element '" + name + "'");
    }
  }
  return {};
}

// "*" or {"AWS": [...], "Service": [...]}
Result<std::vector<std::string>> principal_patterns(const Document& document) {
  if (!document.is_object()) return policy_texts(document, "Principal");
  std::vector<std::string> out;
  for (const auto& [kind, value] : *document.as_object()) {
    if (kind != "AWS" && kind != "Service")
      return unknown("principals of kind '" + kind + "' are not known");
    CLARY_TRY(std::vector<std::string> texts, policy_texts(value, "Principal"));
    out.insert(out.end(), texts.begin(), texts.end());
  }
  return out;
}

// Of "arn:aws:sts::1:assumed-role/R/session": "arn:aws:iam::1:role/", "/R". A role's ARN may have a
// path between the two, a session's has none.
bool is_role_of_session(const std::string& pattern, const PolicyQuestion& question) {
  const std::string sessions = "arn:aws:sts::" + question.account + ":assumed-role/";
  const std::string roles = "arn:aws:iam::" + question.account + ":role/";
  if (!question.principal.starts_with(sessions) || !pattern.starts_with(roles)) return false;
  const std::string rest = question.principal.substr(sessions.size());
  return pattern.substr(pattern.rfind('/')) == '/' + rest.substr(0, rest.find('/'));
}

bool is_account(const std::string& pattern, const PolicyQuestion& question) {
  return pattern == question.account || pattern == "arn:aws:iam::" + question.account + ":root";
}

}  // namespace

Result<Policy> Policy::parse(std::string_view json) {
  if (json.size() > kLongestPolicy) return unknown("it is longer than 20 KiB");
  CLARY_TRY(const Document document, parse_json(json));
  if (!document.is_object()) return unknown("it must be an object");
  CLARY_RETURN_IF_ERROR(check_elements(document, {"Version", "Id", "Statement"}, "the policy"));
  const std::string version = document.string_or("Version", "2008-10-17");
  if (version != "2012-10-17" && version != "2008-10-17")
    return unknown("Version '" + version + "' is not known");
  const Document* statements = document.find("Statement");
  if (statements == nullptr) return unknown("it has no Statement");
  const Document::Array single{*statements};
  const Document::Array& list = statements->is_array() ? *statements->as_array() : single;
  Policy policy;
  for (const Document& one : list) {
    CLARY_TRY(Statement statement, parse_statement(one));
    policy.statements_.push_back(std::move(statement));
  }
  return policy;
}

Result<Policy::Statement> Policy::parse_statement(const Document& document) {
  if (!document.is_object()) return unknown("a statement must be an object");
  CLARY_RETURN_IF_ERROR(check_elements(document,
                                       {"Sid", "Effect", "Principal", "NotPrincipal", "Action",
                                        "NotAction", "Resource", "NotResource", "Condition"},
                                       "a statement of the policy"));
  Statement out;
  const std::string effect = document.string_or("Effect", "");
  if (effect != "Allow" && effect != "Deny") return unknown("Effect must be Allow or Deny");
  out.allows = effect == "Allow";

  CLARY_TRY(const Document* actions, one_of(document, "Action", "NotAction"));
  if (actions == nullptr) return unknown("a statement has no Action");
  CLARY_TRY(out.actions.patterns, policy_texts(*actions, "Action"));
  out.actions.negated = document.find("NotAction") != nullptr;

  CLARY_TRY(const Document* resources, one_of(document, "Resource", "NotResource"));
  if (resources != nullptr) {
    Selector selector{{}, document.find("NotResource") != nullptr};
    CLARY_TRY(selector.patterns, policy_texts(*resources, "Resource"));
    for (const std::string& pattern : selector.patterns) {
      if (pattern.find("${") != std::string::npos)
        return unknown("variables such as '" + pattern + "' are not known");
    }
    out.resources = std::move(selector);
  }

  CLARY_TRY(const Document* principals, one_of(document, "Principal", "NotPrincipal"));
  if (principals != nullptr) {
    Selector selector{{}, document.find("NotPrincipal") != nullptr};
    CLARY_TRY(selector.patterns, principal_patterns(*principals));
    out.principals = std::move(selector);
  }

  if (const Document* conditions = document.find("Condition")) {
    CLARY_TRY(out.conditions, parse_conditions(*conditions));
  }
  return out;
}

Policy::Naming Policy::naming(const Statement& statement, const PolicyQuestion& question) {
  if (!statement.principals) return Naming::kItself;
  Naming found = Naming::kNot;
  for (const std::string& pattern : statement.principals->patterns) {
    Naming one = Naming::kNot;
    if (pattern == "*" || pattern == question.principal) {
      one = Naming::kItself;
    } else if (is_account(pattern, question)) {
      one = is_root(question.principal) ? Naming::kItself : Naming::kAccount;
    } else if (is_role_of_session(pattern, question)) {
      one = Naming::kRole;
    }
    found = std::max(found, one);
  }
  if (!statement.principals->negated) return found;
  // Source: AWS, NotPrincipal with Deny: an account in the list spares nobody of it but its root.
  const Naming spared = statement.allows ? Naming::kAccount : Naming::kRole;
  return found >= spared ? Naming::kNot : Naming::kItself;
}

bool Policy::asks_for(const Statement& statement, const PolicyQuestion& question) {
  const std::string action = to_lower(question.action);
  const Selector& actions = statement.actions;
  const bool named =
      std::any_of(actions.patterns.begin(), actions.patterns.end(),
                  [&](const std::string& p) { return wildcard_match(to_lower(p), action); });
  if (named == actions.negated) return false;
  if (naming(statement, question) == Naming::kNot) return false;
  return std::all_of(
      statement.conditions.begin(), statement.conditions.end(),
      [&](const PolicyCondition& condition) { return condition.holds(question.facts); });
}

bool Policy::applies(const Statement& statement, const PolicyQuestion& question) {
  if (statement.resources) {
    const Selector& resources = *statement.resources;
    const bool named =
        std::any_of(resources.patterns.begin(), resources.patterns.end(),
                    [&](const std::string& p) { return wildcard_match(p, question.resource); });
    if (named == resources.negated) return false;
  }
  return asks_for(statement, question);
}

bool Policy::tells_apart_below(const PolicyQuestion& question) const {
  return std::any_of(statements_.begin(), statements_.end(), [&](const Statement& statement) {
    return statement.resources &&
           std::any_of(
               statement.resources->patterns.begin(), statement.resources->patterns.end(),
               [&](const std::string& p) { return wildcard_splits(p, question.resource); }) &&
           asks_for(statement, question);
  });
}

Status Policy::check_identity_policy() const {
  if (statements_.empty()) return unknown("its Statement is empty");
  for (const Statement& statement : statements_) {
    if (statement.principals) return unknown("a policy of an identity has no Principal");
    if (!statement.resources) return unknown("a statement has no Resource");
  }
  return {};
}

Status Policy::check_trust_policy() const {
  if (statements_.empty()) return unknown("its Statement is empty");
  for (const Statement& statement : statements_) {
    if (!statement.principals) return unknown("a statement has no Principal");
    if (statement.resources) return unknown("the trust in a role has no Resource");
  }
  return {};
}

Decision Policy::evaluate(const PolicyQuestion& question) const {
  Decision decision = Decision::kImplicitDeny;
  for (const Statement& statement : statements_) {
    if (!applies(statement, question)) continue;
    if (!statement.allows) return Decision::kExplicitDeny;
    decision = Decision::kAllowed;
  }
  return decision;
}

ResourceDecision Policy::evaluate_for_resource(const PolicyQuestion& question) const {
  ResourceDecision decision = ResourceDecision::kImplicitDeny;
  for (const Statement& statement : statements_) {
    if (!applies(statement, question)) continue;
    if (!statement.allows) return ResourceDecision::kExplicitDeny;
    ResourceDecision one = ResourceDecision::kAllowed;
    const Naming named = naming(statement, question);
    if (named == Naming::kAccount) one = ResourceDecision::kLeftToIdentity;
    if (named == Naming::kRole) one = ResourceDecision::kAllowedToRole;
    decision = std::max(decision, one);
  }
  return decision;
}

Status Policy::check_of_bucket(std::string_view bucket) const {
  const std::string arn = "arn:aws:s3:::" + std::string(bucket);
  const auto is_of_bucket = [&arn](const std::string& resource) {
    return resource == arn || resource.starts_with(arn + "/");
  };
  const auto is_of_s3 = [](const std::string& action) {
    return action == "*" || to_lower(action).starts_with("s3:");
  };
  const auto all = [](const Selector& selector, const auto& fits) {
    return std::all_of(selector.patterns.begin(), selector.patterns.end(), fits);
  };
  if (statements_.empty())
    return invalid_argument("Could not parse the policy: Statement is empty!");
  for (const Statement& statement : statements_) {
    if (!statement.principals) return invalid_argument("Missing required field Principal");
    if (!statement.resources) return invalid_argument("Missing required field Resource");
    if (!all(*statement.resources, is_of_bucket))
      return invalid_argument("Policy has invalid resource");
    if (!all(statement.actions, is_of_s3)) return invalid_argument("Policy has invalid action");
  }
  return {};
}

bool Policy::gives_everyone() const {
  const auto narrows = [](const PolicyCondition& condition) {
    return !condition.negated && !condition.if_exists &&
           (condition.key == "aws:sourceip" || condition.key == "aws:principalaccount" ||
            condition.key == "aws:principalarn");
  };
  return std::any_of(statements_.begin(), statements_.end(), [&](const Statement& statement) {
    if (!statement.allows || !statement.principals) return false;
    const Selector& who = *statement.principals;
    const bool everyone = who.negated || std::find(who.patterns.begin(), who.patterns.end(), "*") !=
                                             who.patterns.end();
    return everyone &&
           std::none_of(statement.conditions.begin(), statement.conditions.end(), narrows);
  });
}

std::string_view default_job_policy() {
  return R"({"Version":"2012-10-17","Statement":[)"
         R"({"Sid":"Data","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload",)"
         R"("s3:ListBucket","s3:ListAllMyBuckets","s3:GetBucketLocation"],"Resource":"*"},)"
         R"({"Sid":"Logs","Effect":"Allow","Action":["logs:DescribeLogStreams","logs:GetLogEvents","logs:FilterLogEvents",)"
         R"("logs:PutLogEvents"],"Resource":"*"},)"
         R"({"Sid":"Metrics","Effect":"Allow","Action":["cloudwatch:PutMetricData","cloudwatch:GetMetricStatistics",)"
         R"("cloudwatch:GetMetricData","cloudwatch:ListMetrics","sagemaker:BatchPutMetrics"],"Resource":"*"}]})";
}

bool wildcard_splits(std::string_view pattern, std::string_view start) {
  // What ends in * and matches `start` matches whatever begins with it.
  if (pattern.ends_with('*') && wildcard_match(pattern, start)) return false;
  // Where in the pattern a match can stand once `start` is read: at none, it matches nothing below.
  std::vector<bool> at(pattern.size() + 1);
  const auto skip_stars = [&] {
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (at[p] && pattern[p] == '*') at[p + 1] = true;
    }
  };
  at[0] = true;
  skip_stars();
  for (const char c : start) {
    std::vector<bool> next(at.size());
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (!at[p]) continue;
      if (pattern[p] == '*') {
        next[p] = true;
      } else if (pattern[p] == '?' || pattern[p] == c) {
        next[p + 1] = true;
      }
    }
    at = std::move(next);
    skip_stars();
  }
  return std::find(at.begin(), at.end(), true) != at.end();
}

}  // namespace clary::domain
