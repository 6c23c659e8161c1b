// Permissions: what who asks may do. Every question of the server's is decided here: the calls of
// clients, the channels that it shows a job itself, simulations.
//
//   root, and its session tokens                       everything
//   a user's key                                       the user's policies
//   a session of a role                                the role's policies, and the session's own
//                                                      policy besides, where it was given one
//   a job's session                                    the policies of its role; the default job
//                                                      policy where the role is the default one, is
//                                                      of another account, not known or has none
//   nobody                                             what the resource's policy allows
//
// Source: "Policy evaluation logic", AWS IAM User Guide, within one account. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/identity_store.h"
#include "domain/key_store.h"
#include "domain/policy.h"

namespace clary::domain {

// What an ARN such as "arn:aws:sts::1:assumed-role/R/session" or "arn:aws:iam::1:user/path/U"
// names.
struct PrincipalName {
  IdentityKind kind = IdentityKind::kRole;
  std::string name;
  std::string partition;
  std::string account;

  // Whether it can be one of those kept here: of this account, in the partition `aws`.
  bool is_of(std::string_view own) const { return partition == "aws" && account == own; }
};
std::optional<PrincipalName> principal_name(std::string_view arn);

// The account itself: the person's own key, and session tokens of it.
bool is_root(std::string_view principal);

// What `aws:PrincipalArn` says of who asks: of a role's session the role's own ARN, its path
// included where the role is one of those kept here.
// Source: "AWS global condition context keys", AWS IAM User Guide.
Result<std::string> principal_arn(const std::string& principal, const std::string& account,
                                  IdentityStore& identities);

// Whether a session (not a job's) is of a role or user that was removed, and made anew under the
// same name after the session began.
Result<bool> outlived_its_identity(const AccessKey& key, IdentityStore& identities);

// What every question tells a policy's conditions: who asks (principal_arn), and when.
PolicyFacts asker_facts(const std::string& principal_arn, const std::string& account,
                        TimePoint now);

class Permissions {
 public:
  // Reads the identity's policies as they stand now. account: the server's own. Internal when one
  // cannot be read.
  static Result<Permissions> of_key(const AccessKey& key, IdentityStore& identities,
                                    std::string_view account);
  // Those of the identity alone, as SimulatePrincipalPolicy asks.
  static Result<Permissions> of_identity(IdentityKind kind, const std::string& name,
                                         IdentityStore& identities);

  // Of a request that nobody signed.
  static Permissions of_nobody();

  // One more policy of the identity's.
  void add(Policy policy) { identity_.push_back(std::move(policy)); }
  // By the asker's own policies alone.
  Decision evaluate(const PolicyQuestion& question) const;
  // Nothing: allowed; else AWS's sentence. resource: the policy of what is touched, or null.
  std::optional<std::string> refusal(const PolicyQuestion& question, const Policy* resource) const;
  // Whether one resource that begins with the question's may be refused and another not
  // (Policy::tells_apart_below).
  bool tells_apart_below(const PolicyQuestion& question, const Policy* resource) const;
  bool unlimited() const { return unlimited_; }
  bool is_nobody() const { return nobody_; }
  // Whether nothing said of this resource could refuse them: the root where its policy is asked
  // for or mended, which locks nobody out for good.
  bool is_beyond_policies(std::string_view action) const;

 private:
  bool allows_with(const PolicyQuestion& question, Decision own, ResourceDecision resource) const;

  bool unlimited_ = false;
  bool nobody_ = false;
  std::vector<Policy> identity_;
  std::optional<Policy> session_;  // limits what the identity's allow
};

}  // namespace clary::domain
