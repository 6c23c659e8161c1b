#include "domain/fake_record_store.h"

namespace clary::domain {

void FakeRecordStore::set_broken(bool broken) {
  MutexLock lock(mutex_);
  broken_ = broken;
}

Status FakeRecordStore::writable() const {
  if (broken_) return unavailable("records: broken");
  return {};
}

Status FakeRecordStore::put(const std::string& space, const KeptRecord& record) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  texts_[{space, record.key}] = record.text;
  return {};
}

Result<KeptRecord> FakeRecordStore::find(const std::string& space, const std::string& key) {
  MutexLock lock(mutex_);
  const auto found = texts_.find({space, key});
  if (found == texts_.end()) return not_found(space + " '" + key + "': not there");
  return KeptRecord{.key = key, .text = found->second};
}

Status FakeRecordStore::remove(const std::string& space, const std::string& key) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  texts_.erase({space, key});
  return {};
}

Result<std::vector<KeptRecord>> FakeRecordStore::list(const std::string& space,
                                                      const std::string& after, std::size_t limit) {
  MutexLock lock(mutex_);
  std::vector<KeptRecord> page;
  for (auto at = texts_.upper_bound({space, after});
       at != texts_.end() && at->first.first == space && page.size() < limit; ++at)
    page.push_back({.key = at->first.second, .text = at->second});
  return page;
}

Status FakeRecordStore::clear() {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  texts_.clear();
  return {};
}

}  // namespace clary::domain
