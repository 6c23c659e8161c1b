// PolicyStore: managed policies of the account's own, each with its versions.
//
// Implementations: meta::make_policy_store (on SQLite or PostgreSQL), FakeIdentityStore.
// Thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/identity_store.h"

namespace clary::domain {

struct PolicyVersion {
  int number = 1;        // "v1"
  std::string document;  // JSON
  TimePoint created;
};

struct ManagedPolicy {
  std::string arn;  // "arn:aws:iam::000000000000:policy/PATH/NAME"
  std::string id;   // "ANPA..."
  std::string description;
  TimePoint created;
  TimePoint updated;  // when its default version changed last
  std::vector<Tag> tags;
  std::vector<PolicyVersion> versions;  // by number; never empty
  int default_version = 1;
  int last_version = 1;  // no number is given twice

  // Precondition: `number` is one of versions.
  const PolicyVersion& version(int number) const;
};

class PolicyStore {
 public:
  virtual ~PolicyStore() = default;
  virtual Status create_policy(const ManagedPolicy& policy) = 0;          // AlreadyExists
  virtual Status replace_policy(const ManagedPolicy& policy) = 0;         // NotFound
  virtual Result<ManagedPolicy> find_policy(const std::string& arn) = 0;  // NotFound
  // NotFound; Conflict while it is attached.
  virtual Status remove_policy(const std::string& arn) = 0;
  virtual Result<std::vector<ManagedPolicy>> list_policies() = 0;  // sorted by ARN
  // Who has the policy of this ARN, of the account's own or of AWS's; sorted.
  virtual Result<std::vector<std::pair<IdentityKind, std::string>>> attached(
      const std::string& arn) = 0;
};

}  // namespace clary::domain
