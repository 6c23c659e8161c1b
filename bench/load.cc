#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "base/fd.h"
#include "base/files.h"
#include "base/strings.h"
#include "reply_reader.h"

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
  const std::string* request = nullptr;  // null: none is under way
  std::size_t sent = 0;
  ReplyReader reply;
  bool waits_to_write = false;
  SteadyClock::time_point began;  // when the request was, or was to be, sent
};

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options) {}

  Result<LoadResult> run() {
    poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    connections_.resize(options_.connections);
    for (Connection& connection : connections_) CLARY_RETURN_IF_ERROR(connect(connection));
    start_ = due_ = SteadyClock::now();
    const double cpu_before = cpu_seconds();
    if (is_paced()) {
      // Else a wait is up to 50 µs longer than was asked for.
      prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
      for (Connection& connection : connections_) idle_.push_back(&connection);
    } else {
      for (Connection& connection : connections_) begin_request(connection, SteadyClock::now());
    }
    while (!is_done()) {
      if (is_paced()) send_what_is_due();
      CLARY_RETURN_IF_ERROR(wait_and_serve());
    }
    result_.seconds = seconds_since(start_);
    result_.cpu_seconds = cpu_seconds() - cpu_before;
    if (is_paced()) count_unanswered();
    std::ranges::sort(result_.latencies);
    return std::move(result_);
  }

 private:
  bool is_paced() const { return options_.rate > 0; }

  bool is_done() const {
    if (options_.count > 0) return result_.replies >= options_.count;
    return SteadyClock::now() - start_ >= options_.duration;
  }

  // One request falls due after the other, at even distances, whether or not a connection is free.
  void send_what_is_due() {
    const auto step = std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::duration<double>(1 / options_.rate));
    for (const auto now = SteadyClock::now(); due_ <= now; due_ += step) waiting_.push_back(due_);
    while (!waiting_.empty() && !idle_.empty()) {
      Connection& connection = *idle_.front();
      idle_.pop_front();
      const auto due = waiting_.front();
      waiting_.pop_front();
      begin_request(connection, due);
    }
  }

  // What has no answer at the end took at least until then.
  void count_unanswered() {
    for (const Connection& connection : connections_) {
      if (connection.request != nullptr) waiting_.push_back(connection.began);
    }
    result_.unanswered = waiting_.size();
    for (const auto due : waiting_) result_.latencies.push_back(seconds_since(due));
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
  void begin_request(Connection& connection, SteadyClock::time_point began) {
    connection.request = nullptr;
    if (options_.count > 0 && next_ >= options_.count) return;
    connection.request = &options_.requests[next_++ % options_.requests.size()];
    connection.sent = 0;
    connection.reply.begin();
    connection.began = began;
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

  // Until the next request is due, at most a second.
  timespec wait_limit() const {
    if (!is_paced()) return {.tv_sec = 1, .tv_nsec = 0};
    const auto left = std::chrono::nanoseconds(due_ - SteadyClock::now()).count();
    return {.tv_sec = 0, .tv_nsec = std::clamp<long>(left, 0, 999'999'999)};
  }

  Status wait_and_serve() {
    std::array<epoll_event, 64> events;
    const timespec limit = wait_limit();
    const int ready = epoll_pwait2(poll_.get(), events.data(), events.size(), &limit, nullptr);
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
    const std::string_view piece(buffer_.data(), static_cast<std::size_t>(count));
    result_.bytes_in += piece.size();
    if (!connection.reply.take(piece)) return {};
    const int status = connection.reply.status();
    if (status < 200 || status > 299) ++result_.refused;
    result_.latencies.push_back(seconds_since(connection.began));
    ++result_.replies;
    if (!is_paced()) {
      begin_request(connection, SteadyClock::now());
    } else {
      connection.request = nullptr;
      idle_.push_back(&connection);
    }
    return {};
  }

  const LoadOptions& options_;
  Fd poll_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::size_t next_ = 0;
  SteadyClock::time_point start_;
  SteadyClock::time_point due_;                  // of the next request, when paced
  std::deque<SteadyClock::time_point> waiting_;  // due, and no connection was free
  std::deque<Connection*> idle_;                 // when paced
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
