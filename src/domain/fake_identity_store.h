// FakeIdentityStore: an IdentityStore and its PolicyStore in memory. Thread-safe.
#pragma once

#include <map>
#include <utility>

#include "base/mutex.h"
#include "domain/policy_store.h"

namespace clary::domain {

class FakeIdentityStore : public IdentityStore, public PolicyStore {
 public:
  Status create(const Identity& identity) override;
  Status replace(const Identity& identity) override;
  Result<Identity> find(IdentityKind kind, const std::string& name) override;
  Status remove(IdentityKind kind, const std::string& name) override;
  Result<std::vector<Identity>> list(IdentityKind kind) override;
  Status put_policy(IdentityKind kind, const std::string& name,
                    const IdentityPolicy& policy) override;
  Status remove_policy(IdentityKind kind, const std::string& name, const std::string& key) override;
  Result<std::vector<IdentityPolicy>> policies(IdentityKind kind, const std::string& name) override;
  Status clear() override;

  Status create_policy(const ManagedPolicy& policy) override;
  Status replace_policy(const ManagedPolicy& policy) override;
  Result<ManagedPolicy> find_policy(const std::string& arn) override;
  Status remove_policy(const std::string& arn) override;
  Result<std::vector<ManagedPolicy>> list_policies() override;
  Result<std::vector<std::pair<IdentityKind, std::string>>> attached(
      const std::string& arn) override;

 private:
  struct Kept {
    Identity identity;
    std::map<std::string, IdentityPolicy> policies;
  };
  using Key = std::pair<IdentityKind, std::string>;

  std::vector<Key> holders(const std::string& arn) const CLARY_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<Key, Kept> kept_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, ManagedPolicy> managed_ CLARY_GUARDED_BY(mutex_);  // by ARN
};

}  // namespace clary::domain
