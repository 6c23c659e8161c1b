#include "serving/worker_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace clary::serving {
namespace {

constexpr int kBufferBytes = 1 << 20;
constexpr std::size_t kFrameReadBytes = 96 << 10;
// A receive gives up so often to look at its deadline: cheaper than a poll(2) before each.
constexpr timeval kSocketLook{.tv_sec = 0, .tv_usec = 100'000};
// A worker reads whenever it is asked; one that takes no bytes for so long is stuck.
constexpr timeval kSendPatience{.tv_sec = 10, .tv_usec = 0};
constexpr std::size_t kDescriptorsAtOnce = 4;

Error gone(const char* what) { return unavailable(what); }

}  // namespace

Result<std::pair<WorkerSocket, Fd>> WorkerSocket::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return system_error("make a connection to a worker");
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  for (const int end : ends)
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  ::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &kSocketLook, sizeof kSocketLook);
  ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof kSendPatience);
  return std::make_pair(WorkerSocket(std::move(ours)), std::move(theirs));
}

Status WorkerSocket::send(FrameKind kind, const FrameFields& fields, const Payload& body,
                          const Fd* with) {
  CLARY_TRY(const std::string head, encode_frame_head(kind, fields, body.size(), body.is_shared()));
  const int descriptor = body.is_shared()  ? body.descriptor().get()
                         : with != nullptr ? with->get()
                                           : -1;
  std::array<iovec, 2> parts = {
      iovec{const_cast<char*>(head.data()), head.size()},
      iovec{const_cast<char*>(body.inside().data()), body.inside().size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  std::size_t left = head.size() + body.inside().size();
  while (left > 0) {
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return gone("the worker has ended");
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return timed_out("the worker takes no bytes");
    if (sent < 0) return system_error("send to a worker");
    left -= static_cast<std::size_t>(sent);
    message.msg_control = nullptr;
    message.msg_controllen = 0;
    auto skip = static_cast<std::size_t>(sent);
    for (iovec& part : parts) {
      const std::size_t count = std::min(skip, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + count;
      part.iov_len -= count;
      skip -= count;
    }
  }
  return {};
}

Result<ReceivedFrame> WorkerSocket::receive(const Clock& clock, Duration deadline) {
  for (;;) {
    CLARY_TRY(std::optional<WorkerFrame> frame, parser_.next());
    if (frame) return to_received(std::move(*frame));
    const Status got = receive_some();
    if (got.ok()) continue;
    if (got.error().code != ErrorCode::kTimeout) return got.error();
    if (clock.steady() >= deadline) return got.error();
  }
}

Status WorkerSocket::receive_some() {
  std::array<char, kFrameReadBytes> bytes;
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsAtOnce * sizeof(int))> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == EINTR) return {};
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return timed_out("the worker has not answered in time");
  if (got < 0 && errno == ECONNRESET)
    return parser_.is_inside_frame() ? cancelled("the worker has ended")
                                     : gone("the worker has ended");
  if (got < 0) return system_error("receive from a worker");
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= one->cmsg_len; at += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, reinterpret_cast<const char*>(one) + at, sizeof number);
      descriptors_.emplace_back(number);
    }
  }
  if (got == 0) return cancelled("the worker has ended");
  if ((message.msg_flags & MSG_CTRUNC) != 0) return internal_error("too many descriptors at once");
  parser_.put({bytes.data(), static_cast<std::size_t>(got)});
  return {};
}

Result<ReceivedFrame> WorkerSocket::to_received(WorkerFrame frame) {
  ReceivedFrame received{.kind = frame.kind, .fields = std::move(frame.fields)};
  if (!frame.body_shared) {
    received.body = Payload(std::move(frame.body));
    return received;
  }
  if (descriptors_.empty()) return internal_error("a worker's frame: without its descriptor");
  Fd descriptor = std::move(descriptors_.front());
  descriptors_.pop_front();
  struct stat found{};
  if (::fstat(descriptor.get(), &found) != 0) return system_error("a worker's shared body");
  if (!S_ISREG(found.st_mode) || static_cast<std::uint64_t>(found.st_size) < frame.body_length)
    return internal_error("a worker's shared body is shorter than announced");
  received.body = Payload(std::move(descriptor), frame.body_length);
  return received;
}

bool WorkerSocket::is_closed() const {
  pollfd state{socket_.get(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;
}

}  // namespace clary::serving
