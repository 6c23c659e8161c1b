#include "base/commit_queue.h"

#include <algorithm>
#include <utility>

#include "base/thread_pool.h"

namespace clary::sqlite {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kIdleWait{500};
// Writers that have just been answered come back together: a batch waits for them, no longer than
// the last commit took and never beyond this.
constexpr std::chrono::milliseconds kLongestGather{4};
constexpr std::size_t kBatchLimit = 512;

Status run_in_savepoint(Database& database, const CommitQueue::Change& change) {
  CLARY_TRY(Statement begin, database.prepare("SAVEPOINT one"));
  CLARY_RETURN_IF_ERROR(begin.run());
  Status changed = change(database);
  if (!changed.ok()) {
    CLARY_TRY(Statement undo, database.prepare("ROLLBACK TO one"));
    CLARY_RETURN_IF_ERROR(undo.run());
  }
  CLARY_TRY(Statement end, database.prepare("RELEASE one"));
  CLARY_RETURN_IF_ERROR(end.run());
  return changed;
}

}  // namespace

CommitQueue::CommitQueue(std::unique_ptr<Database> database)
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
  Pending pending{std::move(change), {}};
  {
    MutexLock lock(mutex_);
    if (stopping_) return cancelled("'" + database_->path() + "': it is being closed");
    waiting_.push_back(&pending);
    if (waiting_.size() >= wanted_) arrived_.notify_one();
  }
  const LentPlace lent;
  pending.done.acquire();
  return pending.outcome;
}

CommitQueue::Batch CommitQueue::take_batch() {
  MutexLock lock(mutex_);
  wanted_ = 1;
  while (waiting_.empty() && !stopping_) arrived_.wait_for(mutex_, kIdleWait);
  wanted_ = std::min(callers_, kBatchLimit);
  while (waiting_.size() < wanted_ && !stopping_) {
    const auto left = std::chrono::duration_cast<microseconds>(gather_until_ - steady_clock::now());
    if (left.count() <= 0) break;
    arrived_.wait_for(mutex_, left);
  }
  Batch batch;
  while (!waiting_.empty() && batch.size() < kBatchLimit) {
    batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return batch;
}

void CommitQueue::run() {
  for (Batch batch = take_batch(); !batch.empty(); batch = take_batch()) {
    const SteadyTime began = steady_clock::now();
    commit_batch(batch);
    const SteadyTime ended = steady_clock::now();
    gather_until_ = ended + std::min<steady_clock::duration>(ended - began, kLongestGather);
    {
      MutexLock lock(mutex_);
      callers_ = batch.size() + waiting_.size();
    }
    for (Pending* pending : batch) pending->done.release();
  }
}

// Sets every outcome.
void CommitQueue::commit_batch(const Batch& batch) {
  const Status together = commit_together(batch);
  if (together.ok()) return;
  for (Pending* pending : batch) {
    // One change that does not fit must not take the others with it.
    const Status alone = batch.size() == 1 ? together : commit_together({pending});
    if (!alone.ok()) pending->outcome = alone;
  }
}

Status CommitQueue::commit_together(const Batch& batch) {
  CLARY_TRY(Transaction transaction, Transaction::begin(*database_));
  for (Pending* pending : batch) pending->outcome = run_in_savepoint(*database_, pending->change);
  return transaction.commit();
}

}  // namespace clary::sqlite
