// A bounded pool: so many places to run in, and a queue with a limit. Thread-safe.
//
// A thread that only waits (for a disk, for another thread) lends its place out meanwhile, so that
// the work that needs a processor goes on: see LentPlace. The destructor runs what is queued, on
// the threads there are, then joins.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace clary {

struct PoolSize {
  std::size_t places = 1;  // tasks that run at a time
  std::size_t queue = 0;   // tasks that wait for a place
  // Tasks that may wait inside a LentPlace at a time; a thread each, made when it is needed.
  std::size_t lent_places = 0;
};

class ThreadPool {
 public:
  // name: at most 15 bytes; shown by ps and gdb.
  ThreadPool(std::string name, PoolSize size);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  // False when the queue is full or the pool is shutting down: the work was not taken.
  bool try_post(std::function<void()> work);

 private:
  friend class LentPlace;
  void run();
  std::function<void()> next_task();
  void lend_place();
  void take_back_place();
  void fill_places() CLARY_REQUIRES(mutex_);

  const std::string name_;
  const PoolSize size_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> queue_ CLARY_GUARDED_BY(mutex_);
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::size_t running_ CLARY_GUARDED_BY(mutex_) = 0;  // tasks, without those in a LentPlace
  std::size_t idle_ CLARY_GUARDED_BY(mutex_) = 0;     // threads that wait for a task
  std::vector<std::thread> threads_;                  // grows under mutex_ until stopping_
};

// While it lives, this thread does nothing but wait, and its pool runs another task in its place.
// Afterwards it goes on at once, one too many if need be. On a thread of no pool: nothing.
class LentPlace {
 public:
  LentPlace();
  LentPlace(const LentPlace&) = delete;
  LentPlace& operator=(const LentPlace&) = delete;
  ~LentPlace();

 private:
  ThreadPool* pool_;
};

}  // namespace clary
