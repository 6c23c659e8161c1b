// FakeRecordStore: a RecordStore in memory, with a switch that makes it fail. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "domain/record_store.h"

namespace clary::domain {

class FakeRecordStore final : public RecordStore {
 public:
  // Every write fails with Unavailable while set.
  void set_broken(bool broken);

  Status put(const std::string& space, const KeptRecord& record) override;
  Result<KeptRecord> find(const std::string& space, const std::string& key) override;
  Status remove(const std::string& space, const std::string& key) override;
  Result<std::vector<KeptRecord>> list(const std::string& space, const std::string& after,
                                       std::size_t limit) override;
  Status clear() override;

 private:
  Status writable() const CLARY_REQUIRES(mutex_);

  Mutex mutex_;
  bool broken_ CLARY_GUARDED_BY(mutex_) = false;
  std::map<std::pair<std::string, std::string>, std::string> texts_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
