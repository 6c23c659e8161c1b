#include "host/payload_queue.h"

#include <chrono>
#include <utility>

namespace clary::host {
namespace {

constexpr std::chrono::seconds kLookAgain(1);

}  // namespace

bool PayloadQueue::put(PayloadWork work) {
  const MutexLock lock(mutex_);
  while (!given_up_ && unsettled_ >= most_) changed_.wait_for(mutex_, kLookAgain);
  if (given_up_) return false;
  ++unsettled_;
  waiting_.push_back(std::move(work));
  changed_.notify_all();
  return true;
}

std::optional<PayloadWork> PayloadQueue::take() {
  const MutexLock lock(mutex_);
  while (!given_up_ && waiting_.empty() && !ended_) changed_.wait_for(mutex_, kLookAgain);
  if (given_up_ || waiting_.empty()) return std::nullopt;
  std::optional<PayloadWork> work(std::move(waiting_.front()));
  waiting_.pop_front();
  return work;
}

void PayloadQueue::settle(std::size_t payloads) {
  const MutexLock lock(mutex_);
  unsettled_ -= payloads;
  changed_.notify_all();
}

void PayloadQueue::end() {
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void PayloadQueue::give_up() {
  const MutexLock lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

}  // namespace clary::host
