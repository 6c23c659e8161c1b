// Permissions: what the holder of a key may do.
//
//   root, and its session tokens                       everything
//   a user's key                                       the user's policies
//   a session of a role                                the role's policies, and the session's own
//                                                      policy besides, where it was given one
//   a job's session                                    the policies of its role; the default job
//                                                      policy where the role is the default one, is
//                                                      not known or has none
//
// Source: "Policy evaluation logic", AWS IAM User Guide. Values; any thread.
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
};
std::optional<PrincipalName> principal_name(std::string_view arn);

// The account itself: the person's own key, and session tokens of it.
bool is_root(std::string_view principal);

class Permissions {
 public:
  // Reads the identity's policies as they stand now. Internal when one cannot be read.
  static Result<Permissions> of_key(const AccessKey& key, IdentityStore& identities);
  // Those of the identity alone, as SimulatePrincipalPolicy asks.
  static Result<Permissions> of_identity(IdentityKind kind, const std::string& name,
                                         IdentityStore& identities);

  // One more policy of the identity's.
  void add(Policy policy) { identity_.push_back(std::move(policy)); }
  Decision evaluate(const PolicyQuestion& question) const;
  bool unlimited() const { return unlimited_; }

 private:
  bool unlimited_ = false;
  std::vector<Policy> identity_;
  std::optional<Policy> session_;  // limits what the identity's allow
};

}  // namespace clary::domain
