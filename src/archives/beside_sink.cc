#include "archives/beside_sink.h"

#include <system_error>
#include <utility>

namespace clary::archives {

BesideSink::~BesideSink() {
  if (!thread_.joinable()) return;
  waiting_.leave();
  thread_.join();
}

Status BesideSink::write(std::string_view piece) {
  if (piece.empty()) return {};  // in the queue it would be the end
  if (piece.size() >= kThreadFromBytes && !thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      // No thread is to be had: the piece is taken here.
    }
  }
  if (!thread_.joinable()) return sink_(piece);
  return waiting_.put(std::string(piece)) ? Status() : stop();
}

Status BesideSink::finish() { return thread_.joinable() ? stop() : Status(); }

// The thread ends when it has taken what waits, or with the sink's error.
Status BesideSink::stop() {
  waiting_.end({});
  thread_.join();
  return taken_;
}

void BesideSink::run() {
  for (;;) {
    const Result<std::string> piece = waiting_.take();
    if (!piece.ok() || piece->empty()) return;
    taken_ = sink_(*piece);
    if (taken_.ok()) continue;
    waiting_.leave();
    return;
  }
}

}  // namespace clary::archives
