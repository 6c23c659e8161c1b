// FakeRoleObjects: objects in a map; a test may set what writing and reading fail with.
// Thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "hosting/role_objects.h"

namespace clary::hosting {

class FakeRoleObjects final : public RoleObjects {
 public:
  void fail_with(Status failure) {
    const MutexLock lock(mutex_);
    failure_ = std::move(failure);
  }
  void put(const std::string& uri, RoleBytes bytes) {
    const MutexLock lock(mutex_);
    objects_[uri] = std::move(bytes);
  }
  std::map<std::string, RoleBytes> objects() const {
    const MutexLock lock(mutex_);
    return objects_;
  }
  std::string last_role() const {
    const MutexLock lock(mutex_);
    return last_role_;
  }

  Status write(const RoleObject& object, RoleBytes bytes) override {
    const MutexLock lock(mutex_);
    last_role_ = object.role;
    if (!failure_.ok()) return failure_;
    objects_[object.place.to_string()] = std::move(bytes);
    return {};
  }
  Result<RoleBytes> read(const RoleObject& object, std::uint64_t limit_bytes) override {
    const MutexLock lock(mutex_);
    last_role_ = object.role;
    if (!failure_.ok()) return failure_.error();
    const auto found = objects_.find(object.place.to_string());
    if (found == objects_.end()) return not_found(object.place.to_string() + ": not there");
    if (found->second.body.size() > limit_bytes)
      return limit_exceeded(object.place.to_string() + ": too large");
    return found->second;
  }

 private:
  mutable Mutex mutex_;
  Status failure_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, RoleBytes> objects_ CLARY_GUARDED_BY(mutex_);
  std::string last_role_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
