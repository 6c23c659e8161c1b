// IAM policies: parsed once, evaluated purely.
//
// A policy that holds anything this evaluator does not know (an element, a condition's operator or
// key, a policy variable) is refused when it is parsed, so that no statement ever means less than
// its author thinks. Values; any thread. Source: "IAM JSON policy elements reference" and "Policy
// evaluation logic", AWS IAM User Guide.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "domain/policy_condition.h"

namespace clary::domain {

// What is being asked.
struct PolicyQuestion {
  std::string principal;  // ARN of who asks
  std::string account;    // the asker's
  std::string action;     // "s3:GetObject"
  std::string resource;   // ARN, or "*"
  PolicyFacts facts;      // values of the condition keys; see kPolicyConditionKeys
};

enum class Decision {
  kAllowed,       // an Allow applies and no Deny
  kImplicitDeny,  // nothing applies
  kExplicitDeny,  // a Deny applies
};

class Policy {
 public:
  // InvalidArgument names the element that is wrong or not known.
  static Result<Policy> parse(std::string_view json);

  Decision evaluate(const PolicyQuestion& question) const;

  // Whether it can be the policy of a bucket: each statement names a principal, and resources and
  // actions of that bucket only. InvalidArgument says what does not fit.
  Status check_of_bucket(std::string_view bucket) const;
  // Whether a statement allows something to whoever asks: everyone is its principal, and no
  // condition holds it to an account, a caller or a network.
  bool gives_everyone() const;
  // InvalidArgument unless every statement names what a policy of that place must name: resources
  // and no principals in an identity's, principals and no resources in the trust in a role.
  Status check_identity_policy() const;
  Status check_trust_policy() const;

 private:
  // Patterns with * and ?. `negated`: NotAction, NotResource, NotPrincipal.
  struct Selector {
    std::vector<std::string> patterns;
    bool negated = false;
  };
  struct Statement {
    bool allows = false;
    Selector actions;
    std::optional<Selector> resources;   // nothing: any (trust policies)
    std::optional<Selector> principals;  // nothing: whoever the policy belongs to
    std::vector<PolicyCondition> conditions;
  };

  static Result<Statement> parse_statement(const Document& document);
  static bool applies(const Statement& statement, const PolicyQuestion& question);

  std::vector<Statement> statements_;
};

// What a job's session credentials may do when nobody says otherwise: its data, logs and metrics;
// not iam, nothing that creates.
std::string_view default_job_policy();

// Whether `text` matches a pattern of * (any run) and ? (any one character). Linear in both lengths
// but for backtracking to the last *.
bool wildcard_match(std::string_view pattern, std::string_view text);

}  // namespace clary::domain
