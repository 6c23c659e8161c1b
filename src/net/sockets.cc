#include "net/sockets.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/strings.h"

namespace clary::net {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 1024;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress address;
  auto* const name = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof name->sun_path) {
    return invalid_argument("socket '" + path + "': the path must have 1 to " +
                            std::to_string(sizeof name->sun_path - 1) + " bytes");
  }
  name->sun_family = AF_UNIX;
  std::memcpy(name->sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

Result<SocketAddress> parse_address(const std::string& text) {
  if (text.starts_with(kUnixPrefix)) return unix_address(text.substr(kUnixPrefix.size()));
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) {
    return invalid_argument("address '" + text + "': wanted HOST:PORT, as in 127.0.0.1:4580");
  }
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(*port).c_str(), &hints, &found);
  if (code == EAI_AGAIN || code == EAI_FAIL)  // the name servers' fault, not the name's
    return unavailable("address '" + text + "': " + ::gai_strerror(code));
  if (code != 0) return invalid_argument("address '" + text + "': " + ::gai_strerror(code));
  SocketAddress address;
  address.length = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

Result<Fd> open_socket(const SocketAddress& address) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return system_error("socket");
  return socket;
}

std::string address_text(const SocketAddress& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.family() == AF_INET) {
    const auto* const in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    ::inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (address.family() == AF_INET6) {
    const auto* const in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
      // A client that reached an IPv6 listener by IPv4; rules name it by its IPv4 address.
      ::inet_ntop(AF_INET, &in->sin6_addr.s6_addr[12], host, sizeof host);
      return std::string(host) + ":" + std::to_string(ntohs(in->sin6_port));
    }
    ::inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(in->sin6_port));
  }
  const auto* const name = reinterpret_cast<const sockaddr_un*>(&address.storage);
  if (address.length <= offsetof(sockaddr_un, sun_path) || name->sun_path[0] == '\0') return "unix";
  return std::string(kUnixPrefix) + name->sun_path;
}

Error unreachable(const std::string& address, int error_number) {
  return unavailable("server " + address + ": connect: " + std::strerror(error_number));
}

}  // namespace

bool remove_dead_socket(const std::string& address) {
  if (!address.starts_with(kUnixPrefix)) return false;
  const std::string path = address.substr(kUnixPrefix.size());
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const auto where = unix_address(path);
  if (!where.ok()) return false;
  const auto socket = open_socket(*where);
  if (!socket.ok()) return false;
  const bool dead =
      ::connect(socket->get(), where->get(), where->length) != 0 && errno == ECONNREFUSED;
  return dead && ::unlink(path.c_str()) == 0;
}

Result<Fd> listen_on(const std::string& address) {
  CLARY_TRY(SocketAddress where, parse_address(address));
  CLARY_TRY(Fd socket, open_socket(where));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto bind = [&] { return ::bind(socket.get(), where.get(), where.length) == 0; };
  bool bound = bind();
  if (!bound && errno == EADDRINUSE) {
    bound = remove_dead_socket(address) && bind();
    if (!bound) return already_exists("address " + address + " is in use");
  }
  if (!bound || ::listen(socket.get(), kBacklog) != 0) {
    if (errno == EADDRINUSE) return already_exists("address " + address + " is in use");
    return system_error("listen on " + address);
  }
  return socket;
}

Result<Fd> connect_to(const std::string& address, Duration timeout) {
  CLARY_TRY(SocketAddress where, parse_address(address));
  CLARY_TRY(Fd socket, open_socket(where));
  send_small_writes_at_once(socket.get());
  if (::connect(socket.get(), where.get(), where.length) == 0) return socket;
  // EAGAIN: a Unix socket whose backlog is full.
  if (errno != EINPROGRESS) return unreachable(address, errno);
  const auto ready = wait_ready(socket.get(), POLLOUT, timeout);
  if (!ready.ok()) return ready.error().within("server " + address + ": connect");
  int failure = 0;
  socklen_t length = sizeof failure;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &length);
  if (failure != 0) return unreachable(address, failure);
  return socket;
}

Result<std::string> bound_address(const Fd& socket) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getsockname(socket.get(), address.get(), &address.length) != 0)
    return system_error("getsockname");
  return address_text(address);
}

std::string peer_address(int socket) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getpeername(socket, address.get(), &address.length) != 0) return "unknown";
  return address_text(address);
}

void send_small_writes_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<short> wait_ready(int socket, short events, Duration timeout) {
  const SystemClock clock;
  const Duration deadline = clock.steady() + timeout;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.steady()).count();
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int count =
        ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000)));
    if (count > 0) return entry.revents;
    if (count == 0 && left <= 0)
      return timed_out("nothing moved for " + std::to_string(timeout.count() / 1000) + " ms");
    if (count < 0 && errno != EINTR) return system_error("poll");
  }
}

}  // namespace clary::net
