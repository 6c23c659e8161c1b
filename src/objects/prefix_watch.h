// Which prefixes have changed since somebody looked at them: so that a view of many objects need
// not be compared with the index each time it is used.
//
//   auto watch = watches.add(bucket, prefix);   // first: what changes from here on is seen
//   state = ... look at the prefix ...
//   if (watch->clean()) ... `state` is still true ...
//
// A change is marked after its commit and before its caller is answered. Thread-safe, but for
// note() and take_noted(): those belong to the thread that commits.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace clary::objects {

class PrefixWatch {
 public:
  explicit PrefixWatch(std::string prefix) : prefix_(std::move(prefix)) {}
  bool clean() const { return clean_; }

 private:
  friend class PrefixWatches;
  std::string prefix_;
  std::atomic<bool> clean_ = true;
};

class PrefixWatches {
 public:
  using Key = std::pair<std::int64_t, std::string>;  // a bucket's number and a key in it

  // Watches for as long as the caller keeps it.
  std::shared_ptr<const PrefixWatch> add(std::int64_t bucket, std::string prefix);
  void mark(const std::vector<Key>& changed);

  void note(std::int64_t bucket, std::string_view key) { noted_.emplace_back(bucket, key); }
  std::vector<Key> take_noted() { return std::exchange(noted_, {}); }

 private:
  std::vector<Key> noted_;
  Mutex mutex_;
  std::map<std::int64_t, std::vector<std::weak_ptr<PrefixWatch>>> watches_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
