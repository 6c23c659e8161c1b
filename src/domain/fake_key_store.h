// FakeKeyStore: a KeyStore in memory. Thread-safe.
#pragma once

#include <map>

#include "base/mutex.h"
#include "domain/key_store.h"

namespace clary::domain {

class FakeKeyStore final : public KeyStore {
 public:
  Status put(const AccessKey& key) override;
  Result<AccessKey> find(const AccessKeyId& id) override;
  Status remove(const AccessKeyId& id) override;
  Status remove_of_gang(const GangId& gang) override;
  Status remove_expired(TimePoint now) override;
  Result<std::vector<AccessKey>> of_principal(const std::string& principal) override;
  Result<std::optional<AccessKey>> root() override;

 private:
  Mutex mutex_;
  std::map<AccessKeyId, AccessKey> keys_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
