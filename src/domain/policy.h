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

// What the policy of a resource says to who asks, by how the Allow that applies names them.
// Source: "Policy evaluation logic", AWS IAM User Guide, resource-based policies in one account.
enum class ResourceDecision {
  kImplicitDeny,
  kExplicitDeny,
  kLeftToIdentity,  // the account: the identity's own policies must allow it too
  kAllowedToRole,   // the role of a session, whose own policy still limits it
  kAllowed,         // everyone, or whoever asks itself
};

class Policy {
 public:
  // InvalidArgument names the element that is wrong or not known.
  static Result<Policy> parse(std::string_view json);

  // Of an identity: whoever asks is who it belongs to.
  Decision evaluate(const PolicyQuestion& question) const;
  // Of a resource.
  ResourceDecision evaluate_for_resource(const PolicyQuestion& question) const;
  // Whether evaluate() may say one thing of one resource that begins with the question's and
  // another of another. False is certain; true may be caution.
  bool tells_apart_below(const PolicyQuestion& question) const;

  // Whether it can be the policy of a bucket: each statement names a principal, and resources and
  // actions of that bucket only. InvalidArgument says what does not fit.
  Status check_of_bucket(std::string_view bucket) const;
  // Whether a statement allows something to whoever asks: everyone is its principal, and no
  // condition holds it to an account, a caller or a network.
  bool gives_everyone() const;
  // InvalidArgument unless there is a statement, and each names what a policy of that place must
  // name: resources and no principals in an identity's, principals and no resources in the trust
  // in a role.
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

  // Who asks, as a list of principals names them; the later the narrower.
  enum class Naming { kNot, kAccount, kRole, kItself };

  static Result<Statement> parse_statement(const Document& document);
  static Naming naming(const Statement& statement, const PolicyQuestion& question);
  // Whether it applies to the question but for its resource.
  static bool asks_for(const Statement& statement, const PolicyQuestion& question);
  static bool applies(const Statement& statement, const PolicyQuestion& question);

  std::vector<Statement> statements_;
};

// What a job's session credentials may do when nobody says otherwise: its data, logs and metrics;
// not iam, nothing that creates.
std::string_view default_job_policy();

// Whether the pattern matches some texts that begin with `start` and, as far as is known, not
// others. Cost: O(pattern x start).
bool wildcard_splits(std::string_view pattern, std::string_view start);

}  // namespace clary::domain
