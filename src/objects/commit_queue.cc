#include "objects/commit_queue.h"

#include <chrono>
#include <utility>

namespace clary::objects {
namespace {

constexpr std::chrono::milliseconds kIdleWait{500};
// Writers that have just been answered come back together; the batch waits this long for as many as
// the last one had.
constexpr std::chrono::microseconds kGatherWait{200};
constexpr std::size_t kBatchLimit = 512;

Status run_in_savepoint(sqlite::Database& database, const CommitQueue::Change& change) {
  CLARY_TRY(sqlite::Statement begin, database.prepare("SAVEPOINT one"));
  CLARY_RETURN_IF_ERROR(begin.run());
  Status changed = change(database);
  if (!changed.ok()) {
    CLARY_TRY(sqlite::Statement undo, database.prepare("ROLLBACK TO one"));
    CLARY_RETURN_IF_ERROR(undo.run());
  }
  CLARY_TRY(sqlite::Statement end, database.prepare("RELEASE one"));
  CLARY_RETURN_IF_ERROR(end.run());
  return changed;
}

}  // namespace

CommitQueue::CommitQueue(std::unique_ptr<sqlite::Database> database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    arrived_.notify_all();
  }
  thread_.join();
}

Status CommitQueue::commit(Change change) {
  Pending pending{std::move(change), {}, false, {}};
  MutexLock lock(mutex_);
  if (stopping_) return cancelled("the object store is being closed");
  waiting_.push_back(&pending);
  arrived_.notify_one();
  while (!pending.done) pending.finished.wait_for(mutex_, kIdleWait);
  return pending.outcome;
}

CommitQueue::Batch CommitQueue::take_batch() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !stopping_) arrived_.wait_for(mutex_, kIdleWait);
  const auto until = std::chrono::steady_clock::now() + kGatherWait;
  while (waiting_.size() < last_batch_ && !stopping_) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    arrived_.wait_for(mutex_, left);
  }
  Batch batch;
  while (!waiting_.empty() && batch.size() < kBatchLimit) {
    batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  last_batch_ = batch.size();
  return batch;
}

void CommitQueue::run() {
  for (Batch batch = take_batch(); !batch.empty(); batch = take_batch()) {
    const Status together = commit_together(batch);
    for (Pending* pending : batch) {
      // One change that does not fit must not take the others with it.
      if (!together.ok())
        pending->outcome = batch.size() == 1 ? together : commit_together({pending});
    }
    MutexLock lock(mutex_);
    for (Pending* pending : batch) {
      pending->done = true;
      pending->finished.notify_one();
    }
  }
}

Status CommitQueue::commit_together(const Batch& batch) {
  CLARY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
  for (Pending* pending : batch) pending->outcome = run_in_savepoint(*database_, pending->change);
  return transaction.commit();
}

}  // namespace clary::objects
