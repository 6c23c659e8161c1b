#include "services/side_hasher.h"

#include "base/text_encoding.h"

namespace clary::services {
namespace {

// Below this a hand-over costs more than the hash: some 20 µs at 1.5 GB/s.
constexpr std::size_t kSmallestPiece = 32 << 10;

}  // namespace

void SideHasher::start(std::string_view piece) {
  join();
  if (piece.size() >= kSmallestPiece) {
    running_ = pool_.try_post([this, piece] {
      hasher_->update(piece);
      done_.release();
    });
  }
  if (!running_) hasher_->update(piece);
}

void SideHasher::join() {
  if (running_) done_.acquire();
  running_ = false;
}

std::string SideHasher::finish() {
  join();
  return hex_encode(hasher_->finish());
}

}  // namespace clary::services
