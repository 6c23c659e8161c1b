#include "compute/outcome_message.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/pipe.h"

namespace clary::compute {

void send_outcome(int channel, std::string_view text, int descriptor) {
  iovec piece{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  }
  (void)::sendmsg(channel, &message, MSG_NOSIGNAL);
}

Result<Fd> receive_outcome(int channel, std::string_view what, Duration timeout) {
  const std::string object(what);
  if (!readable_within(channel, timeout))
    return timed_out(object + ": the process that makes it does not answer");
  std::array<char, 512> text{};
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  while ((got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return internal_error(object + ": the process that makes it ended");
  Fd descriptor;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(head), sizeof number);
    descriptor = Fd(number);
  }
  const std::string_view said(text.data(), static_cast<std::size_t>(got));
  if (said != "ok") return denied(object + ": " + std::string(said));
  return descriptor;
}

}  // namespace clary::compute
