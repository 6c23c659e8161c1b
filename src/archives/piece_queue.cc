#include "archives/piece_queue.h"

#include <chrono>
#include <utility>

namespace clary::archives {
namespace {

constexpr std::chrono::seconds kWait{1};

}  // namespace

bool PieceQueue::put(std::string piece) {
  MutexLock lock(mutex_);
  while (!left_ && !pieces_.empty() && bytes_ + piece.size() > most_bytes_)
    changed_.wait_for(mutex_, kWait);
  if (left_) return false;
  bytes_ += piece.size();
  pieces_.push_back(std::move(piece));
  changed_.notify_one();
  return true;
}

void PieceQueue::end(Status how) {
  MutexLock lock(mutex_);
  how_ = std::move(how);
  ended_ = true;
  changed_.notify_one();
}

Result<std::string> PieceQueue::take() {
  MutexLock lock(mutex_);
  while (pieces_.empty() && !ended_ && !left_) changed_.wait_for(mutex_, kWait);
  if (pieces_.empty()) return how_.ok() ? Result<std::string>(std::string()) : how_.error();
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece.size();
  changed_.notify_one();
  return piece;
}

void PieceQueue::leave() {
  MutexLock lock(mutex_);
  left_ = true;
  pieces_.clear();
  changed_.notify_one();
}

}  // namespace clary::archives
