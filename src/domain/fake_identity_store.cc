#include "domain/fake_identity_store.h"

namespace clary::domain {
namespace {

Error absent(const std::string& name) { return not_found("identity '" + name + "': not there"); }

}  // namespace

Status FakeIdentityStore::create(const Identity& identity) {
  MutexLock lock(mutex_);
  const bool added = kept_.emplace(Key{identity.kind, identity.name}, Kept{identity, {}}).second;
  if (!added) return already_exists("identity '" + identity.name + "': there already");
  return {};
}

Status FakeIdentityStore::replace(const Identity& identity) {
  MutexLock lock(mutex_);
  const auto found = kept_.find({identity.kind, identity.name});
  if (found == kept_.end()) return absent(identity.name);
  found->second.identity = identity;
  return {};
}

Result<Identity> FakeIdentityStore::find(IdentityKind kind, const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = kept_.find({kind, name});
  if (found == kept_.end()) return absent(name);
  return found->second.identity;
}

Status FakeIdentityStore::remove(IdentityKind kind, const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = kept_.find({kind, name});
  if (found == kept_.end()) return absent(name);
  if (!found->second.policies.empty()) return conflict("identity '" + name + "': has policies");
  kept_.erase(found);
  return {};
}

Result<std::vector<Identity>> FakeIdentityStore::list(IdentityKind kind) {
  MutexLock lock(mutex_);
  std::vector<Identity> out;
  for (const auto& [key, kept] : kept_) {
    if (key.first == kind) out.push_back(kept.identity);
  }
  return out;
}

Status FakeIdentityStore::put_policy(IdentityKind kind, const std::string& name,
                                     const IdentityPolicy& policy) {
  MutexLock lock(mutex_);
  const auto found = kept_.find({kind, name});
  if (found == kept_.end()) return absent(name);
  found->second.policies.insert_or_assign(policy.key(), policy);
  return {};
}

Status FakeIdentityStore::remove_policy(IdentityKind kind, const std::string& name,
                                        const std::string& key) {
  MutexLock lock(mutex_);
  const auto found = kept_.find({kind, name});
  if (found == kept_.end() || found->second.policies.erase(key) == 0)
    return not_found("policy '" + key + "' of '" + name + "': not there");
  return {};
}

Result<std::vector<IdentityPolicy>> FakeIdentityStore::policies(IdentityKind kind,
                                                                const std::string& name) {
  MutexLock lock(mutex_);
  std::vector<IdentityPolicy> out;
  const auto found = kept_.find({kind, name});
  if (found == kept_.end()) return out;
  for (const auto& [key, policy] : found->second.policies) out.push_back(policy);
  return out;
}

Status FakeIdentityStore::clear() {
  MutexLock lock(mutex_);
  kept_.clear();
  return {};
}

}  // namespace clary::domain
