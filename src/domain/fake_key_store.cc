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

Status FakeKeyStore::remove_expired(TimePoint now) {
  MutexLock lock(mutex_);
  std::erase_if(keys_, [now](const auto& entry) {
    return entry.second.expires && *entry.second.expires < now;
  });
  return {};
}

Result<std::vector<AccessKey>> FakeKeyStore::of_principal(const std::string& principal) {
  MutexLock lock(mutex_);
  std::vector<AccessKey> out;
  for (const auto& [id, key] : keys_) {
    if (key.principal == principal && !key.expires) out.push_back(key);
  }
  return out;
}

Result<std::optional<AccessKey>> FakeKeyStore::root() {
  MutexLock lock(mutex_);
  for (const auto& [id, key] : keys_) {
    if (key.principal == "root") return std::optional(key);
  }
  return std::optional<AccessKey>();
}

}  // namespace clary::domain
