// FakeIdentityStore: an IdentityStore in memory. Thread-safe.
#pragma once

#include <map>
#include <utility>

#include "base/mutex.h"
#include "domain/identity_store.h"

namespace clary::domain {

class FakeIdentityStore final : public IdentityStore {
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

 private:
  struct Kept {
    Identity identity;
    std::map<std::string, IdentityPolicy> policies;
  };
  using Key = std::pair<IdentityKind, std::string>;

  Mutex mutex_;
  std::map<Key, Kept> kept_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
