// Connection: how the bytes of a request's body come in.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "net/connection.h"
#include "net/server_core.h"

namespace clary::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr std::size_t kReadAheadBytes = 64 << 10;  // of a piece: its sender is fast
}  // namespace

void Connection::take_piece() {
  piece_ = {};
  piece_used_ = 0;
  if (body_complete_ || input_.empty()) return;
  if (framing_.chunked) {
    const auto decoded = parser_.decode_chunks(input_.bytes());
    piece_ = input_.view().substr(0, decoded.length);
    piece_used_ = decoded.used;
    body_complete_ = parser_.chunks_complete();
  } else {
    piece_ = input_.view().substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input_.view().size())));
    piece_used_ = piece_.size();
    body_left_ -= piece_.size();
    body_complete_ = body_left_ == 0;
  }
  continue_sent_ = true;  // who sends already does not wait for it
}

void Connection::continue_body() {
  phase_ = Phase::kBody;
  if (framing_.expects_continue && !continue_sent_ && input_.empty()) return send_continue();
  if (input_.empty() && !reading_ahead_) std::swap(input_, ahead_);
  if (!input_.empty()) return read_piece();
  deadline_ = core_.clock.steady() + core_.limits.body_timeout;
  if (!reading_ahead_) return read_then(&Connection::read_piece);
  // What has arrived does not wait for what follows: the read ends, and comes back here.
  error_code ec;
  if (!ahead_.empty()) ec = socket_.cancel(ec);
}

// Of fast bodies with a length only: slow ones have time, and chunks are decoded in place. Not in
// TLS: a session is one thread's at a time, and the pool may send.
void Connection::read_ahead() {
  const bool wanted = !body_complete_ && !framing_.chunked && piece_.size() >= kReadAheadBytes;
  if (wanted && !reading_ahead_ && tls_ == nullptr) fill_ahead();
}

// Goes on as long as the pool is busy, so that the next piece is as large as that took: every piece
// costs a few hand-overs between threads.
void Connection::fill_ahead() {
  const auto space = ahead_.space();
  if (space.empty() || ahead_.view().size() >= body_left_) return;
  reading_ahead_ = true;
  const auto arrived = [self = shared_from_this()](error_code ec, std::size_t count) {
    self->reading_ahead_ = false;
    self->ahead_.commit(ec ? 0 : count);
    self->core_.bytes_in.fetch_add(ec ? 0 : count, std::memory_order_relaxed);
    // An end is seen again by the next read, when its turn has come.
    if (self->phase_ == Phase::kBody) return self->continue_body();
    if (!ec && self->phase_ == Phase::kHandling) self->fill_ahead();
  };
  socket_.async_read_some(asio::buffer(space.data(), space.size()), arrived);
}

void Connection::read_piece() {
  take_piece();
  if (const ParseFault* fault = parser_.fault()) return answer_here(fault->status, fault->sentence);
  if (piece_.empty() && !body_complete_) {  // a part of a chunk's head
    input_.consume(piece_used_);
    deadline_ = core_.clock.steady() + core_.limits.body_timeout;
    return read_then(&Connection::read_piece);
  }
  if (!quick_) read_ahead();
  run_handler(&Connection::run_piece);
}

void Connection::send_continue() {
  continue_sent_ = true;
  if (tls_ != nullptr) return send_continue_by_tls();
  deadline_ = core_.clock.steady() + core_.limits.body_timeout;
  asio::async_write(socket_, asio::buffer(kContinue),
                    [self = shared_from_this()](error_code ec, std::size_t count) {
                      if (self->phase_ == Phase::kClosed) return;
                      if (ec) return self->end_now();
                      self->core_.bytes_out.fetch_add(count, std::memory_order_relaxed);
                      self->continue_body();
                    });
}

}  // namespace clary::net
