// The ways of a connection's bytes through TLS.
#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/connection.h"

namespace clary::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kRecordBytes = 16 << 10;  // TLS's largest
// After so many bytes the loop looks after other connections.
constexpr std::size_t kTurnBytes = 256 << 10;

// The next bytes of a reply: a part of it, or several small ones copied together.
std::string_view next_record(const OutgoingReply::Parts& parts,
                             std::array<char, kRecordBytes>& storage) {
  const auto first =
      std::find_if(parts.begin(), parts.end(), [](std::string_view part) { return !part.empty(); });
  if (first == parts.end()) return {};
  if (first->size() >= kRecordBytes) return first->substr(0, kRecordBytes);
  std::size_t used = 0;
  for (auto part = first; part != parts.end(); ++part)
    used += part->copy(storage.data() + used, kRecordBytes - used);
  return {storage.data(), used};
}

}  // namespace

void Connection::wait_for_tls(TlsStep::Wait wait, Next next) {
  using Wait = TlsStep::Wait;
  // Never at once: a call of `next` here would nest as deep as there is input.
  if (wait == Wait::kNone || wait == Wait::kEnd || wait == Wait::kFault) {
    const bool goes_on = wait == Wait::kNone;
    asio::post(core_.io, [self = shared_from_this(), next, goes_on] {
      if (self->phase_ == Phase::kClosed) return;
      if (!goes_on) return self->end_now();
      (self.get()->*next)();
    });
    return;
  }
  const auto ready =
      wait == Wait::kRead ? asio::socket_base::wait_read : asio::socket_base::wait_write;
  socket_.async_wait(ready, [self = shared_from_this(), next](error_code ec) {
    if (self->phase_ == Phase::kClosed) return;
    if (ec) return self->end_now();
    (self.get()->*next)();
  });
}

void Connection::read_by_tls_then(Next next) {
  const auto space = input_.space();
  const TlsStep step = tls_->read({space.data(), space.size()});
  if (step.wait == TlsStep::Wait::kNone) {
    core_.bytes_in.fetch_add(step.count, std::memory_order_relaxed);
    input_.commit(step.count);
    return wait_for_tls(step.wait, next);
  }
  if (step.wait != TlsStep::Wait::kRead && step.wait != TlsStep::Wait::kWrite)
    return wait_for_tls(step.wait, next);
  const auto ready = step.wait == TlsStep::Wait::kRead ? asio::socket_base::wait_read
                                                       : asio::socket_base::wait_write;
  socket_.async_wait(ready, [self = shared_from_this(), next](error_code ec) {
    if (self->phase_ == Phase::kClosed) return;
    if (ec) return self->end_now();
    self->read_by_tls_then(next);
  });
}

void Connection::send_continue_by_tls() {
  deadline_ = core_.clock.steady() + core_.limits.body_timeout;
  const TlsStep step = tls_->write(kContinue);
  core_.bytes_out.fetch_add(step.count, std::memory_order_relaxed);
  const bool is_sent = step.wait == TlsStep::Wait::kNone;
  wait_for_tls(step.wait, is_sent ? &Connection::continue_body : &Connection::send_continue_by_tls);
}

TlsStep Connection::write_records() {
  std::array<char, kRecordBytes> storage;
  std::size_t sent = 0;
  TlsStep step;
  while (step.wait == TlsStep::Wait::kNone && reply_->has_unsent() && sent < kTurnBytes) {
    step = tls_->write(next_record(reply_->unsent(), storage));
    reply_->sent(step.count);
    sent += step.count;
  }
  core_.bytes_out.fetch_add(sent, std::memory_order_relaxed);
  return step;
}

void Connection::send_unsent_by_tls() {
  sending_ = true;
  deadline_ = core_.clock.steady() + core_.limits.body_timeout;
  wait_for_tls(write_records().wait, &Connection::after_sending_by_tls);
}

void Connection::after_sending_by_tls() {
  sending_ = false;
  deadline_ = Duration::max();
  pump_reply();
}

}  // namespace clary::net
