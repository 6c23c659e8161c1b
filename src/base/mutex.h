// A mutex that clang's thread-safety analysis understands (-Wthread-safety;
// clang.llvm.org/docs/ThreadSafetyAnalysis).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CLARY_ANNOTATE(x) __attribute__((x))
#else
#define CLARY_ANNOTATE(x)
#endif
#define CLARY_GUARDED_BY(mutex) CLARY_ANNOTATE(guarded_by(mutex))
#define CLARY_REQUIRES(...) CLARY_ANNOTATE(requires_capability(__VA_ARGS__))
#define CLARY_EXCLUDES(...) CLARY_ANNOTATE(locks_excluded(__VA_ARGS__))

namespace clary {

class CLARY_ANNOTATE(capability("mutex")) Mutex {
 public:
  void lock() CLARY_ANNOTATE(acquire_capability()) { mutex_.lock(); }
  void unlock() CLARY_ANNOTATE(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class CLARY_ANNOTATE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CLARY_ANNOTATE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() CLARY_ANNOTATE(release_capability()) { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

// Every wait has a deadline.
class CondVar {
 public:
  // Returns after a notification, spuriously, or when `timeout` has passed. The caller holds
  // `mutex`.
  void wait_for(Mutex& mutex, std::chrono::microseconds timeout) CLARY_REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(held, timeout);
    held.release();
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace clary
