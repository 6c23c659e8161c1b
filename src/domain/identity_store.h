// IdentityStore: roles and users, and the policies that say what they may do.
//
// Implementations: meta::make_identity_store (on SQLite or PostgreSQL), FakeIdentityStore.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job_store.h"

namespace clary::domain {

enum class IdentityKind { kRole, kUser };

struct Identity {
  IdentityKind kind = IdentityKind::kRole;
  std::string name;
  std::string id;          // "AROA..." or "AIDA..."
  std::string path = "/";  // begins and ends with a slash
  TimePoint created;
  std::string trust;        // JSON: who may assume a role; "" for a user
  std::string description;  // of a role
  int max_session_seconds = 3600;
  std::vector<Tag> tags;
};

// A policy of an identity: a text of its own, or a managed one by its ARN.
struct IdentityPolicy {
  std::string name;      // of a text
  std::string arn;       // of a managed policy; "" for a text
  std::string document;  // JSON; of a managed one as the store gives it: its default version, or ""
                         // for one of AWS's

  const std::string& key() const { return arn.empty() ? name : arn; }
};

class IdentityStore {
 public:
  virtual ~IdentityStore() = default;
  virtual Status create(const Identity& identity) = 0;                            // AlreadyExists
  virtual Status replace(const Identity& identity) = 0;                           // NotFound
  virtual Result<Identity> find(IdentityKind kind, const std::string& name) = 0;  // NotFound
  // NotFound; Conflict while it has policies.
  virtual Status remove(IdentityKind kind, const std::string& name) = 0;
  virtual Result<std::vector<Identity>> list(IdentityKind kind) = 0;  // sorted by name

  // Replaces one of the same key. NotFound: no such identity.
  virtual Status put_policy(IdentityKind kind, const std::string& name,
                            const IdentityPolicy& policy) = 0;
  virtual Status remove_policy(IdentityKind kind, const std::string& name,
                               const std::string& key) = 0;  // NotFound
  // Sorted by key; none for an identity that is not there.
  virtual Result<std::vector<IdentityPolicy>> policies(IdentityKind kind,
                                                       const std::string& name) = 0;
  virtual Status clear() = 0;  // everything, managed policies too (reset)
};

}  // namespace clary::domain
