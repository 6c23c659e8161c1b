#include "net/client_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/sockets.h"

namespace clary::net {
namespace {

constexpr std::size_t kReceivedPieceBytes = 128 << 10;

Error broken(int error_number) {
  return unavailable(std::string("the connection broke: ") + std::strerror(error_number));
}

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

bool ClientLink::is_stale() const {
  char byte = 0;
  const ssize_t count = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || !would_block(errno);
}

Error ClientLink::fault() const { return denied("TLS: " + tls_->fault()); }

Result<ClientLink::Sent> ClientLink::wait_to_send() {
  CLARY_TRY(const short ready, wait_ready(socket_.get(), POLLOUT | POLLIN, io_timeout_));
  return (ready & POLLIN) != 0 ? Sent::kAnswered : Sent::kWhole;
}

Result<ClientLink::Sent> ClientLink::send(std::string_view first, std::string_view second) {
  if (tls_ == nullptr) return send_plain(first, second);
  CLARY_TRY(const Sent sent, send_by_tls(first));
  return sent == Sent::kAnswered ? Result<Sent>(sent) : send_by_tls(second);
}

Result<ClientLink::Sent> ClientLink::send_plain(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                               iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      const std::size_t of_first = std::min(first.size(), static_cast<std::size_t>(count));
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<std::size_t>(count) - of_first);
    } else if (would_block(errno)) {
      CLARY_TRY(const Sent waited, wait_to_send());
      if (waited == Sent::kAnswered) return waited;
    } else if (errno != EINTR) {
      return broken(errno);
    }
  }
  return Sent::kWhole;
}

Result<ClientLink::Sent> ClientLink::send_by_tls(std::string_view bytes) {
  while (!bytes.empty()) {
    const TlsStep step = tls_->write(bytes);
    switch (step.wait) {
      case TlsStep::Wait::kNone:
        bytes.remove_prefix(step.count);
        break;
      case TlsStep::Wait::kRead:  // of the handshake
        CLARY_RETURN_IF_ERROR(wait_ready(socket_.get(), POLLIN, io_timeout_));
        break;
      case TlsStep::Wait::kWrite: {
        CLARY_TRY(const Sent waited, wait_to_send());
        if (waited == Sent::kAnswered) return waited;
        break;
      }
      case TlsStep::Wait::kEnd:
        return broken(ECONNRESET);
      case TlsStep::Wait::kFault:
        return fault();
    }
  }
  return Sent::kWhole;
}

Result<bool> ClientLink::receive(std::string& input) {
  return tls_ == nullptr ? receive_plain(input) : receive_by_tls(input);
}

Result<bool> ClientLink::receive_plain(std::string& input) {
  for (;;) {
    const std::size_t old = input.size();
    input.resize(old + kReceivedPieceBytes);
    const ssize_t count =
        ::recv(socket_.get(), input.data() + old, kReceivedPieceBytes, MSG_DONTWAIT);
    const int failure = errno;
    input.resize(old + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count >= 0) return count > 0;
    if (would_block(failure)) {
      CLARY_RETURN_IF_ERROR(wait_ready(socket_.get(), POLLIN, io_timeout_));
    } else if (failure != EINTR) {
      return broken(failure);
    }
  }
}

Result<bool> ClientLink::receive_by_tls(std::string& input) {
  const std::size_t old = input.size();
  input.resize(old + kReceivedPieceBytes);
  for (;;) {
    const TlsStep step = tls_->read({input.data() + old, kReceivedPieceBytes});
    if (step.wait == TlsStep::Wait::kRead || step.wait == TlsStep::Wait::kWrite) {
      const short event = step.wait == TlsStep::Wait::kRead ? POLLIN : POLLOUT;
      CLARY_RETURN_IF_ERROR(wait_ready(socket_.get(), event, io_timeout_));
      continue;
    }
    input.resize(old + step.count);
    if (step.wait == TlsStep::Wait::kFault) return fault();
    return step.count > 0;
  }
}

}  // namespace clary::net
