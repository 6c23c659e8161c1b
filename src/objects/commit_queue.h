// Group commit: one thread that owns the writing connection and puts everything that waits into one
// transaction, so that many small durable writes share one wait for the disk. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace clary::objects {

class CommitQueue {
 public:
  // What one caller wants changed. It runs on the queue's thread, and again when its transaction
  // had to be given up: it sets its results anew each time. When it fails, what it wrote is undone
  // and nobody else is touched.
  using Change = std::function<Status(sqlite::Database&)>;

  explicit CommitQueue(std::unique_ptr<sqlite::Database> database);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  ~CommitQueue();  // carries out what waits, then joins

  // Durable when this returns success.
  Status commit(Change change);

 private:
  struct Pending {
    Change change;
    Status outcome;
    bool done = false;
    CondVar finished;
  };
  using Batch = std::vector<Pending*>;

  void run();
  Batch take_batch();
  Status commit_together(const Batch& batch);

  std::unique_ptr<sqlite::Database> database_;
  Mutex mutex_;
  CondVar arrived_;
  std::deque<Pending*> waiting_ CLARY_GUARDED_BY(mutex_);
  std::size_t last_batch_ CLARY_GUARDED_BY(mutex_) = 1;
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace clary::objects
