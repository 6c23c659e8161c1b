// Pieces of bytes on their way from one thread to another, in order; what waits is bounded.
//
// One thread puts, one takes; either may be the first to go.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

namespace clary::archives {

class PieceQueue {
 public:
  // most_bytes: one piece finds room whatever its size when nothing waits.
  explicit PieceQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // Waits for room. False: the queue was left, the piece is dropped.
  bool put(std::string piece);
  // No more pieces come.
  void end(Status how);

  // Waits for the next one. After the last one: an empty piece, or the error that it ended with,
  // however often it is asked.
  Result<std::string> take();
  // By either side: what waits is dropped, nothing moves any more.
  void leave();

 private:
  const std::size_t most_bytes_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> pieces_ CLARY_GUARDED_BY(mutex_);
  std::size_t bytes_ CLARY_GUARDED_BY(mutex_) = 0;  // of pieces_
  Status how_ CLARY_GUARDED_BY(mutex_);
  bool ended_ CLARY_GUARDED_BY(mutex_) = false;
  bool left_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::archives
