// A sink that takes its pieces on a thread of its own, while the next ones are made. A few bytes
// are taken without one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "archives/piece_queue.h"
#include "base/result.h"

namespace clary::archives {

class BesideSink {
 public:
  using Sink = std::function<Status(std::string_view)>;

  // sink: called by one thread at a time, for one piece after the other; not after its first error.
  explicit BesideSink(const Sink& sink) : sink_(sink), waiting_(kWaitingBytes) {}
  BesideSink(const BesideSink&) = delete;
  BesideSink& operator=(const BesideSink&) = delete;
  // Drops what waits, and waits for the call of the sink that is under way.
  ~BesideSink();

  // An error of the sink's comes with one of the next calls, finish() at the latest. An empty piece
  // is dropped.
  Status write(std::string_view piece);
  // Waits until the sink has taken everything.
  Status finish();

 private:
  static constexpr std::size_t kThreadFromBytes = 256 << 10;
  static constexpr std::size_t kWaitingBytes = 8 << 20;

  void run();
  Status stop();

  const Sink& sink_;
  PieceQueue waiting_;
  Status taken_;  // the sink's last word; the thread's while it runs
  std::thread thread_;
};

}  // namespace clary::archives
