#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/files.h"
#include "base/strings.h"

namespace clary::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Where one connection stands with its request and the reply to it.
struct Connection {
  Fd socket;
  const std::string* request = nullptr;
  std::size_t sent = 0;
  std::string head;             // what has come of the reply's head
  std::uint64_t body_left = 0;  // valid when in_body
  bool in_body = false;
  bool waits_to_write = false;
  SteadyClock::time_point began;
};

// Status and Content-Length of a whole reply head.
struct ReplyHead {
  int status = 0;
  std::uint64_t length = 0;
};
ReplyHead parse_head(std::string_view head) {
  ReplyHead parsed;
  if (head.size() > 12) parsed.status = static_cast<int>(parse_int(head.substr(9, 3)).value_or(0));
  constexpr std::string_view kName = "content-length:";
  for (const std::string_view line : split(head, '\n')) {
    if (line.size() > kName.size() && equals_ignoring_case(line.substr(0, kName.size()), kName)) {
      parsed.length =
          static_cast<std::uint64_t>(parse_int(trim(line.substr(kName.size()))).value_or(0));
    }
  }
  return parsed;
}

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options) {}

  Result<LoadResult> run() {
    poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    connections_.resize(options_.connections);
    for (Connection& connection : connections_) CLARY_RETURN_IF_ERROR(connect(connection));
    const auto start = SteadyClock::now();
    const double cpu_before = cpu_seconds();
    for (Connection& connection : connections_) begin_request(connection);
    while (!is_done(start)) CLARY_RETURN_IF_ERROR(wait_and_serve());
    result_.seconds = seconds_since(start);
    result_.cpu_seconds = cpu_seconds() - cpu_before;
    std::ranges::sort(result_.latencies);
    return std::move(result_);
  }

 private:
  bool is_done(SteadyClock::time_point start) const {
    if (options_.count > 0) return result_.replies >= options_.count;
    return SteadyClock::now() - start >= options_.duration;
  }

  Status connect(Connection& connection) {
    connection.socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    if (::connect(connection.socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) !=
        0) {
      return unavailable("cannot connect to port " + std::to_string(options_.port));
    }
    const int on = 1;
    setsockopt(connection.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(poll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event);
    return {};
  }

  void watch(Connection& connection, bool for_writing) {
    if (connection.waits_to_write == for_writing) return;
    connection.waits_to_write = for_writing;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    if (for_writing) event.events |= EPOLLOUT;
    epoll_ctl(poll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
  }

  // Sends the next request, unless as many as were asked for are under way or answered.
  void begin_request(Connection& connection) {
    if (options_.count > 0 && next_ >= options_.count) return;
    connection.request = &options_.requests[next_++ % options_.requests.size()];
    connection.sent = 0;
    connection.head.clear();
    connection.in_body = false;
    connection.began = SteadyClock::now();
    send_more(connection);
  }

  void send_more(Connection& connection) {
    while (connection.sent < connection.request->size()) {
      const ssize_t count =
          ::send(connection.socket.get(), connection.request->data() + connection.sent,
                 connection.request->size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count <= 0) {
        watch(connection, true);
        return;
      }
      connection.sent += static_cast<std::size_t>(count);
    }
    watch(connection, false);
  }

  Status wait_and_serve() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(poll_.get(), events.data(), events.size(), 1000);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0) send_more(connection);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        CLARY_RETURN_IF_ERROR(receive(connection));
      }
    }
    return {};
  }

  Status receive(Connection& connection) {
    const ssize_t count =
        ::recv(connection.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (count <= 0) return unavailable("the server closed a connection");
    std::string_view piece(buffer_.data(), static_cast<std::size_t>(count));
    result_.bytes_in += piece.size();
    if (!connection.in_body && !take_head(connection, piece)) return {};
    connection.body_left -= std::min<std::uint64_t>(connection.body_left, piece.size());
    if (connection.body_left > 0) return {};
    result_.latencies.push_back(seconds_since(connection.began));
    ++result_.replies;
    begin_request(connection);
    return {};
  }

  // Takes the head off the front of `piece`; false while it has not all come.
  bool take_head(Connection& connection, std::string_view& piece) {
    const std::size_t before = connection.head.size();
    connection.head += piece;
    const std::size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const ReplyHead head = parse_head(std::string_view(connection.head).substr(0, end));
    if (head.status < 200 || head.status > 299) ++result_.refused;
    connection.in_body = true;
    connection.body_left = head.length;
    piece.remove_prefix(end + 4 - before);
    return true;
  }

  const LoadOptions& options_;
  Fd poll_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::size_t next_ = 0;
  LoadResult result_;
};

}  // namespace

Result<std::vector<std::string>> read_requests(const std::string& path) {
  CLARY_TRY(const std::string bytes, read_file(path, std::uint64_t{4} << 30));
  std::vector<std::string> requests;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const auto length = parse_int(rest.substr(0, newline));
    if (newline == rest.npos || !length || *length <= 0 ||
        static_cast<std::size_t>(*length) > rest.size() - newline - 1) {
      return invalid_argument("'" + path + "': not a file of requests");
    }
    requests.emplace_back(rest.substr(newline + 1, static_cast<std::size_t>(*length)));
    rest.remove_prefix(newline + 1 + static_cast<std::size_t>(*length));
  }
  if (requests.empty()) return invalid_argument("'" + path + "': no requests in it");
  return requests;
}

Result<LoadResult> run_load(const LoadOptions& options) { return Load(options).run(); }

}  // namespace clary::bench
