// A ByteSource that is read on a thread of its own, ahead of who takes its bytes: what comes in and
// what is done with it go on at the same time. A short source is read without one.
#pragma once

#include <cstddef>
#include <string>
#include <thread>

#include "archives/piece_queue.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::archives {

class ReadAhead {
 public:
  static constexpr std::size_t kPieceBytes = 256 << 10;

  // source outlives it, and is read by nobody else meanwhile.
  explicit ReadAhead(net::ByteSource& source) : source_(source), ahead_(kAheadBytes) {}
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  // Waits for the read that is under way.
  ~ReadAhead();

  // The next bytes: kPieceBytes of them but at the end; empty at the end. The source's error comes
  // after the bytes before it, however often it is asked.
  Result<std::string> next();

 private:
  static constexpr std::size_t kAheadBytes = 16 * kPieceBytes;

  std::string read_piece();
  void run();

  net::ByteSource& source_;
  PieceQueue ahead_;
  // Of the reading side.
  bool ended_ = false;
  Status how_;
  std::thread thread_;
};

}  // namespace clary::archives
