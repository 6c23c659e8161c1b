#include "base/thread_pool.h"

#include <pthread.h>

#include <system_error>
#include <utility>

namespace clary {
namespace {

using std::chrono::seconds;

// The pool whose thread this is: what waits deep inside a task does not know of pools.
thread_local ThreadPool* this_pool = nullptr;

}  // namespace

ThreadPool::ThreadPool(std::string name, PoolSize size) : name_(name.substr(0, 15)), size_(size) {
  for (std::size_t i = 0; i < size_.places; ++i) threads_.emplace_back([this] { run(); });
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::try_post(std::function<void()> work) {
  MutexLock lock(mutex_);
  if (stopping_ || queue_.size() >= size_.queue) return false;
  queue_.push_back(std::move(work));
  fill_places();
  return true;
}

// Sees to it that a thread takes the next task when there is one and a place for it.
void ThreadPool::fill_places() {
  if (queue_.empty() || running_ >= size_.places) return;
  if (idle_ > 0) return changed_.notify_one();
  if (stopping_ || threads_.size() >= size_.places + size_.lent_places) return;
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {
    // No thread is to be had now: the task waits for one of those there are.
  }
}

void ThreadPool::run() {
  ::pthread_setname_np(::pthread_self(), name_.c_str());
  this_pool = this;
  while (std::function<void()> work = next_task()) {
    work();
    work = nullptr;  // what it owned ends within its place
    MutexLock lock(mutex_);
    --running_;
  }
}

// Takes a place for it; empty when there will be no more.
std::function<void()> ThreadPool::next_task() {
  MutexLock lock(mutex_);
  ++idle_;
  while (queue_.empty() ? !stopping_ : running_ >= size_.places)
    changed_.wait_for(mutex_, seconds(60));
  --idle_;
  if (queue_.empty()) {
    changed_.notify_all();  // who waits for a place sees that nothing is left
    return nullptr;
  }
  std::function<void()> work = std::move(queue_.front());
  queue_.pop_front();
  ++running_;
  fill_places();
  return work;
}

void ThreadPool::lend_place() {
  MutexLock lock(mutex_);
  --running_;
  fill_places();
}

void ThreadPool::take_back_place() {
  MutexLock lock(mutex_);
  ++running_;
}

LentPlace::LentPlace() : pool_(this_pool) {
  if (pool_ != nullptr) pool_->lend_place();
}

LentPlace::~LentPlace() {
  if (pool_ != nullptr) pool_->take_back_place();
}

}  // namespace clary
