// Group commit: one thread that owns the writing connection and puts everything that waits into one
// transaction, so that many small durable writes share one wait for the disk. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace clary::sqlite {

class CommitQueue {
 public:
  // What one caller wants changed. It runs on the queue's thread, and again when its transaction
  // had to be given up: it sets its results anew each time. When it fails, what it wrote is undone
  // and nobody else is touched.
  using Change = std::function<Status(Database&)>;

  explicit CommitQueue(std::unique_ptr<Database> database);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  ~CommitQueue();  // carries out what waits, then joins

  // Durable when this returns success. A pool's thread lends its place out meanwhile.
  Status commit(Change change);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Pending {
    Change change;
    Status outcome;
    std::binary_semaphore done{0};
  };
  using Batch = std::vector<Pending*>;

  void run();
  Batch take_batch();
  void commit_batch(const Batch& batch);
  Status commit_together(const Batch& batch);

  std::unique_ptr<Database> database_;
  Mutex mutex_;
  CondVar arrived_;
  std::deque<Pending*> waiting_ CLARY_GUARDED_BY(mutex_);
  std::size_t wanted_ CLARY_GUARDED_BY(mutex_) = 1;  // so many end the queue's sleep
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  // Of the queue's thread: how many callers there were at the end of the last batch, and how long
  // those that were answered have to come back.
  std::size_t callers_ = 1;
  SteadyTime gather_until_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace clary::sqlite
