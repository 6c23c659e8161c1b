#include "objects/prefix_watch.h"

namespace clary::objects {

std::shared_ptr<const PrefixWatch> PrefixWatches::add(std::int64_t bucket, std::string prefix) {
  auto watch = std::make_shared<PrefixWatch>(std::move(prefix));
  MutexLock lock(mutex_);
  auto& of_bucket = watches_[bucket];
  std::erase_if(of_bucket, [](const auto& one) { return one.expired(); });
  of_bucket.push_back(watch);
  return watch;
}

// One that has been marked once needs no more marks.
void PrefixWatches::mark(const std::vector<Key>& changed) {
  if (changed.empty()) return;
  MutexLock lock(mutex_);
  for (const auto& [bucket, key] : changed) {
    const auto of_bucket = watches_.find(bucket);
    if (of_bucket == watches_.end()) continue;
    std::erase_if(of_bucket->second, [&name = key](const auto& one) {
      const std::shared_ptr<PrefixWatch> watch = one.lock();
      if (watch == nullptr) return true;
      if (!name.starts_with(watch->prefix_)) return false;
      watch->clean_ = false;
      return true;
    });
  }
}

}  // namespace clary::objects
