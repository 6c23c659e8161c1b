// AnswerPieces: an answer's body between the lane that makes it and the connection that sends it.
//
// Holds a bounded number of bytes: a lane waits for a client that reads slowly, and learns when
// there is none any more. One thread puts, another one reads; thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::serving {

class AnswerPieces {
 public:
  static constexpr std::size_t kMostWaitingBytes = 1 << 20;

  // The other side: gives the pieces as they come, several small ones at once where they are there.
  // Its read() lends its thread's place out while it waits. Destroyed: nobody wants more.
  static std::unique_ptr<net::ByteSource> source_of(std::shared_ptr<AnswerPieces> pieces);

  // Waits for room, at most so long. False: there is none yet. piece: not empty; of any size where
  // nothing waits. What is not wanted is taken and dropped.
  bool put(const std::string& piece, Duration wait);
  // After the last piece. An error: the body is not complete. The first end counts.
  void end(Status how);
  // False: the reader has gone, or it has ended.
  bool is_wanted() const;

 private:
  class Source;
  Result<std::size_t> read(std::span<char> into);
  void leave();
  bool takes() const CLARY_REQUIRES(mutex_) { return has_reader_ && !end_; }
  bool has_room_for(std::size_t bytes) const CLARY_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> waiting_ CLARY_GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ CLARY_GUARDED_BY(mutex_) = 0;
  std::size_t read_ CLARY_GUARDED_BY(mutex_) = 0;  // of the first that waits
  std::optional<Status> end_ CLARY_GUARDED_BY(mutex_);
  bool has_reader_ CLARY_GUARDED_BY(mutex_) = true;
};

}  // namespace clary::serving
