#include "archives/read_ahead.h"

#include <system_error>
#include <utility>

namespace clary::archives {

ReadAhead::~ReadAhead() {
  if (!thread_.joinable()) return;
  ahead_.leave();
  thread_.join();
}

Result<std::string> ReadAhead::next() {
  if (thread_.joinable()) return ahead_.take();
  std::string piece = read_piece();
  if (piece.empty() && !how_.ok()) return how_.error();
  if (ended_) return piece;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    // No thread is to be had: the next piece is read when it is asked for.
  }
  return piece;
}

std::string ReadAhead::read_piece() {
  std::string piece;
  if (ended_) return piece;
  piece.resize(kPieceBytes);
  std::size_t size = 0;
  while (size < piece.size()) {
    const Result<std::size_t> got = source_.read({piece.data() + size, piece.size() - size});
    if (!got.ok()) how_ = got.error();
    ended_ = !got.ok() || *got == 0;
    if (ended_) break;
    size += *got;
  }
  piece.resize(size);
  return piece;
}

void ReadAhead::run() {
  while (!ended_) {
    std::string piece = read_piece();
    if (!piece.empty() && !ahead_.put(std::move(piece))) return;
  }
  ahead_.end(how_);
}

}  // namespace clary::archives
