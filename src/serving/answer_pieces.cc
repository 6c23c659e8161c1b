#include "serving/answer_pieces.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/thread_pool.h"

namespace clary::serving {
namespace {

// Who waits is woken; this only bounds the wait.
constexpr Duration kPieceLook = std::chrono::seconds(10);

}  // namespace

class AnswerPieces::Source final : public net::ByteSource {
 public:
  explicit Source(std::shared_ptr<AnswerPieces> pieces) : pieces_(std::move(pieces)) {}
  ~Source() override { pieces_->leave(); }
  Result<std::size_t> read(std::span<char> into) override { return pieces_->read(into); }

 private:
  std::shared_ptr<AnswerPieces> pieces_;
};

std::unique_ptr<net::ByteSource> AnswerPieces::source_of(std::shared_ptr<AnswerPieces> pieces) {
  return std::make_unique<Source>(std::move(pieces));
}

bool AnswerPieces::has_room_for(std::size_t bytes) const {
  return waiting_bytes_ == 0 || waiting_bytes_ + bytes <= kMostWaitingBytes;
}

bool AnswerPieces::put(const std::string& piece, Duration wait) {
  {
    MutexLock lock(mutex_);
    if (takes() && !has_room_for(piece.size())) changed_.wait_for(mutex_, wait);
    if (!takes()) return true;
    if (!has_room_for(piece.size())) return false;
    waiting_.push_back(piece);
    waiting_bytes_ += piece.size();
  }
  changed_.notify_all();
  return true;
}

void AnswerPieces::end(Status how) {
  {
    MutexLock lock(mutex_);
    if (!end_) end_ = std::move(how);
  }
  changed_.notify_all();
}

bool AnswerPieces::is_wanted() const {
  MutexLock lock(mutex_);
  return takes();
}

Result<std::size_t> AnswerPieces::read(std::span<char> into) {
  std::size_t count = 0;
  {
    MutexLock lock(mutex_);
    if (waiting_.empty() && !end_) {
      const LentPlace lent;
      while (waiting_.empty() && !end_) changed_.wait_for(mutex_, kPieceLook);
    }
    if (waiting_.empty() && !end_->ok()) return end_->error();
    while (!waiting_.empty() && count < into.size()) {
      const std::string& first = waiting_.front();
      const std::size_t taken = std::min(first.size() - read_, into.size() - count);
      std::memcpy(into.data() + count, first.data() + read_, taken);
      count += taken;
      read_ += taken;
      if (read_ < first.size()) break;
      read_ = 0;
      waiting_.pop_front();
    }
    waiting_bytes_ -= count;
  }
  changed_.notify_all();
  return count;
}

void AnswerPieces::leave() {
  {
    MutexLock lock(mutex_);
    has_reader_ = false;
    waiting_.clear();
    waiting_bytes_ = 0;
  }
  changed_.notify_all();
}

}  // namespace clary::serving
