#include "domain/fake_key_store.h"

namespace clary::domain {

Status FakeKeyStore::put(const AccessKey& key) {
  MutexLock lock(mutex_);
  keys_.insert_or_assign(key.id, key);
  return {};
}

Result<AccessKey> FakeKeyStore::find(const AccessKeyId& id) {
  MutexLock lock(mutex_);
  const auto found = keys_.find(id);
  if (found == keys_.end()) return not_found("access key '" + id.value() + "': not there");
  return found->second;
}

Status FakeKeyStore::remove(const AccessKeyId& id) {
  MutexLock lock(mutex_);
  keys_.erase(id);
  return {};
}

Status FakeKeyStore::remove_of_gang(const GangId& gang) {
  MutexLock lock(mutex_);
  std::erase_if(keys_,
                [&gang](const auto& entry) { return !gang.empty() && entry.second.gang == gang; });
  return {};
}

Result<std::optional<AccessKey>> FakeKeyStore::root() {
  MutexLock lock(mutex_);
  for (const auto& [id, key] : keys_) {
    if (key.principal == "root") return std::optional(key);
  }
  return std::optional<AccessKey>();
}

}  // namespace clary::domain
