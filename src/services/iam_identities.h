// What IAM's roles and users have in common: being found, listed, and their policies.
//
// The default role exists without being stored, and is not to be changed. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/roles.h"
#include "domain/identity_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

class IamIdentities {
 public:
  // store outlives this.
  explicit IamIdentities(domain::IdentityStore& store) : store_(store) {}

  // NoSuchEntity.
  Outcome<domain::Identity> find(domain::IdentityKind kind, const std::string& name);
  // The default role among them, sorted by name.
  Outcome<std::vector<domain::Identity>> list(domain::IdentityKind kind,
                                              const std::optional<std::string>& path_prefix);
  // EntityAlreadyExists.
  std::optional<ServiceError> create(const domain::Identity& identity);
  std::optional<ServiceError> replace(const domain::Identity& identity);
  // NoSuchEntity, DeleteConflict.
  std::optional<ServiceError> remove(domain::IdentityKind kind, const std::string& name);

  // The policies of one kind (text or managed), of an identity that exists.
  enum class PolicyForm { kText, kManaged };
  Outcome<std::vector<domain::IdentityPolicy>> policies(domain::IdentityKind kind,
                                                        const std::string& name, PolicyForm form);
  Outcome<domain::IdentityPolicy> policy(domain::IdentityKind kind, const std::string& name,
                                         const std::string& policy_name);
  // MalformedPolicyDocument for a text that means nothing here.
  std::optional<ServiceError> put(domain::IdentityKind kind, const std::string& name,
                                  const domain::IdentityPolicy& policy);
  // Precondition: check_managed(arn), iam_policies.h.
  std::optional<ServiceError> attach(domain::IdentityKind kind, const std::string& name,
                                     const std::string& arn);
  std::optional<ServiceError> take(domain::IdentityKind kind, const std::string& name,
                                   const std::string& key);

 private:
  std::optional<ServiceError> changeable(domain::IdentityKind kind, const std::string& name);

  domain::IdentityStore& store_;
};

// "arn:aws:iam::000000000000:role/path/NAME"
std::string identity_arn(const domain::Identity& identity, const AccountId& account);
// A role's trust, or a policy of an identity: MalformedPolicyDocument names what is wrong.
std::optional<ServiceError> check_trust(const std::string& document);
std::optional<ServiceError> check_policy(const std::string& document);

}  // namespace clary::services
