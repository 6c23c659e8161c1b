#include "hostlink/line_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/files.h"

namespace clary::hostlink {
namespace {

int poll_milliseconds(Duration timeout) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
}

struct Address {
  sockaddr_un name{};
  Fd folder;  // keeps /proc/self/fd/N valid while the address is in use
};

Result<Address> address_of(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path;
  if (text.size() >= sizeof(address.name.sun_path)) {
    CLARY_TRY(address.folder, open_file(folder_of(path), O_PATH | O_DIRECTORY));
    text = "/proc/self/fd/" + std::to_string(address.folder.get()) + "/" + base_name(path);
  }
  if (text.size() >= sizeof(address.name.sun_path)) {
    return invalid_argument("socket '" + path + "': the name is too long");
  }
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<Fd> unix_socket() {
  Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.valid()) return system_error("make a Unix socket");
  return made;
}

}  // namespace

Status LineSocket::receive() {
  std::array<char, 1U << 16> bytes{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
  for (;;) {
    iovec piece{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (got < 0) return unavailable(system_error("hostlink: receive").message);
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        descriptors_.emplace_back(number);
      }
    }
    if (got == 0) return unavailable("hostlink: the other side has closed");
    in_.append(bytes.data(), static_cast<std::size_t>(got));
    if (descriptors_.size() > 4)
      return invalid_argument("hostlink: more file descriptors than lines for them");
    if (has_line()) return {};
    if (in_.size() - taken_ > kMaxLineBytes)
      return invalid_argument("hostlink: a line is longer than 1 MiB");
  }
}

std::optional<std::string> LineSocket::next_line() {
  const std::size_t end = in_.find('\n', taken_);
  if (end == std::string::npos) {
    in_.erase(0, taken_);
    taken_ = 0;
    return std::nullopt;
  }
  std::string line = in_.substr(taken_, end - taken_);
  taken_ = end + 1;
  return line;
}

Fd LineSocket::take_descriptor() {
  if (descriptors_.empty()) return Fd();
  Fd first = std::move(descriptors_.front());
  descriptors_.pop_front();
  return first;
}

Status LineSocket::send(std::string_view lines, Duration timeout, int attached) {
  const MutexLock lock(send_mutex_);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  while (!lines.empty()) {
    iovec piece{const_cast<char*>(lines.data()), lines.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (attached >= 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(part), &attached, sizeof(int));
    }
    const ssize_t put = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (put >= 0) {
      lines.remove_prefix(static_cast<std::size_t>(put));
      attached = -1;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return unavailable(system_error("hostlink: send").message);
    pollfd wait{socket_.get(), POLLOUT, 0};
    if (::poll(&wait, 1, poll_milliseconds(timeout)) == 0)
      return timed_out("hostlink: the other side does not read");
  }
  return {};
}

void LineSocket::shut_down() { ::shutdown(socket_.get(), SHUT_RDWR); }

Result<Fd> listen_at(const std::string& path) {
  CLARY_TRY(const Address address, address_of(path));
  CLARY_TRY(Fd listening, unix_socket());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_error("replace socket '" + path + "'");
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address.name),
             sizeof(address.name)) != 0) {
    return system_error("bind socket '" + path + "'");
  }
  if (::chmod(path.c_str(), 0600) != 0) return system_error("chmod socket '" + path + "'");
  if (::listen(listening.get(), 128) != 0) return system_error("listen at '" + path + "'");
  return listening;
}

Result<Fd> connect_to(const std::string& path) {
  CLARY_TRY(const Address address, address_of(path));
  CLARY_TRY(Fd made, unix_socket());
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address.name),
                sizeof(address.name)) != 0) {
    return system_error("connect to '" + path + "'");
  }
  return made;
}

bool wait_readable(int fd, int other, Duration timeout) {
  std::array<pollfd, 2> waits = {pollfd{fd, POLLIN, 0}, pollfd{other, POLLIN, 0}};
  if (::poll(waits.data(), waits.size(), poll_milliseconds(timeout)) <= 0) return false;
  if (waits[1].revents != 0) {
    std::uint64_t count = 0;
    if (::read(other, &count, sizeof(count)) < 0) count = 0;
  }
  return waits[0].revents != 0;
}

}  // namespace clary::hostlink
