#include "domain/fake_identity_store.h"

namespace clary::domain {
namespace {

Error absent(const std::string& name) { return not_found("identity '" + name + "': not there"); }
Error absent_policy(const std::string& arn) { return not_found("policy '" + arn + "': not there"); }

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
  for (const auto& [key, policy] : found->second.policies) {
    out.push_back(policy);
    const auto managed = managed_.find(policy.arn);
    if (managed != managed_.end())
      out.back().document = managed->second.version(managed->second.default_version).document;
  }
  return out;
}

Status FakeIdentityStore::clear() {
  MutexLock lock(mutex_);
  kept_.clear();
  managed_.clear();
  return {};
}

Status FakeIdentityStore::create_policy(const ManagedPolicy& policy) {
  MutexLock lock(mutex_);
  if (!managed_.emplace(policy.arn, policy).second)
    return already_exists("policy '" + policy.arn + "': there already");
  return {};
}

Status FakeIdentityStore::replace_policy(const ManagedPolicy& policy) {
  MutexLock lock(mutex_);
  const auto found = managed_.find(policy.arn);
  if (found == managed_.end()) return absent_policy(policy.arn);
  found->second = policy;
  return {};
}

Result<ManagedPolicy> FakeIdentityStore::find_policy(const std::string& arn) {
  MutexLock lock(mutex_);
  const auto found = managed_.find(arn);
  if (found == managed_.end()) return absent_policy(arn);
  return found->second;
}

Status FakeIdentityStore::remove_policy(const std::string& arn) {
  MutexLock lock(mutex_);
  if (!managed_.contains(arn)) return absent_policy(arn);
  if (!holders(arn).empty()) return conflict("policy '" + arn + "': is attached");
  managed_.erase(arn);
  return {};
}

Result<std::vector<ManagedPolicy>> FakeIdentityStore::list_policies() {
  MutexLock lock(mutex_);
  std::vector<ManagedPolicy> out;
  for (const auto& [arn, policy] : managed_) out.push_back(policy);
  return out;
}

Result<std::vector<std::pair<IdentityKind, std::string>>> FakeIdentityStore::attached(
    const std::string& arn) {
  MutexLock lock(mutex_);
  return holders(arn);
}

std::vector<FakeIdentityStore::Key> FakeIdentityStore::holders(const std::string& arn) const {
  std::vector<Key> out;
  for (const auto& [key, kept] : kept_) {
    if (kept.policies.contains(arn)) out.push_back(key);
  }
  return out;
}

}  // namespace clary::domain
