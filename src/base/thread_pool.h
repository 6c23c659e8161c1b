// A bounded pool: a fixed number of threads and a queue with a limit. Thread-safe.
//
// The destructor runs what is queued, then joins.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace clary {

class ThreadPool {
 public:
  // name: at most 15 bytes; shown by ps and gdb.
  ThreadPool(std::string name, std::size_t threads, std::size_t queue_limit);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  // False when the queue is full or the pool is shutting down: the work was not taken.
  bool try_post(std::function<void()> work);

 private:
  void run(const std::string& name);

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> queue_ CLARY_GUARDED_BY(mutex_);
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::size_t queue_limit_;
  std::vector<std::thread> threads_;
};

}  // namespace clary
