#include "net/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "net/connection.h"
#include "net/server_core.h"
#include "net/sockets.h"

namespace clary::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr Duration kShortestTick = std::chrono::milliseconds(5);
constexpr Duration kLongestTick = std::chrono::seconds(1);

struct Listener {
  Listener(asio::io_context& io, std::string name_in) : descriptor(io), name(std::move(name_in)) {}
  asio::posix::stream_descriptor descriptor;
  std::string name;
  std::shared_ptr<TlsServer> tls;  // null: plain
  int family = AF_UNSPEC;
  bool starved = false;  // no descriptor was left for a connection: the next tick tries again
};

// Says why before the socket is closed; whoever does not read it sees the end only.
void turn_away(const Fd& socket) {
  constexpr std::string_view kBusy =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
      "close\r\n\r\n";
  static_cast<void>(::send(socket.get(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

Result<int> family_of(const Fd& socket) {
  int family = 0;
  socklen_t length = sizeof family;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &length) != 0)
    return system_error("listening socket");
  int listening = 0;
  length = sizeof listening;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
  if (listening == 0) return invalid_argument("the socket does not listen");
  return family;
}

}  // namespace

struct Server::State {
  State(Handler& handler, const Logger& logger, ServerLimits limits)
      : core(handler, logger, limits), work(asio::make_work_guard(core.io)), tick(core.io) {
    schedule_tick();
    thread = std::thread([this] { run(); });
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "net-loop");
    for (;;) {
      try {
        core.io.run();
        return;
      } catch (const std::exception& failure) {
        core.logger.error("the event loop caught an exception", {{"what", failure.what()}});
      }
    }
  }

  void schedule_tick() {
    const Duration shortest = std::min(core.limits.head_timeout, core.limits.body_timeout);
    tick.expires_after(std::clamp(shortest / 8, kShortestTick, kLongestTick));
    tick.async_wait([this](error_code ec) {
      if (ec || core.pool == nullptr) return;
      const Duration now = core.clock.steady();
      for_each_connection([now](Connection& connection) { connection.check_deadline(now); });
      for (auto& [id, listener] : listeners) {
        if (std::exchange(listener->starved, false)) wait_for_connections(id, listener);
      }
      schedule_tick();
    });
  }

  // The function may end the connection, which removes it.
  template <typename Function>
  void for_each_connection(Function function) {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(core.connections.size());
    for (const auto& [raw, connection] : core.connections) all.push_back(connection);
    for (const auto& connection : all) function(*connection);
  }

  void wait_for_connections(std::uint64_t id, const std::shared_ptr<Listener>& listener) {
    listener->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                    [this, id, listener](error_code ec) {
                                      if (ec || !listeners.contains(id)) return;
                                      accept_all(id, *listener);
                                      if (!listener->starved) wait_for_connections(id, listener);
                                    });
  }

  void accept_all(std::uint64_t id, Listener& listener) {
    for (;;) {
      Fd socket(::accept4(listener.descriptor.native_handle(), nullptr, nullptr,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.valid()) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
          core.logger.warning("cannot accept a connection",
                              {{"listener", listener.name}, {"error", std::strerror(errno)}});
          listener.starved = true;
        }
        return;
      }
      Origin origin{.listener = listener.name,
                    .peer = peer_address(socket.get()),
                    .secure = listener.tls != nullptr};
      if (!core.has_room_for(origin)) {
        if (listener.tls == nullptr) turn_away(socket);
        continue;
      }
      send_small_writes_at_once(socket.get());
      auto connection = std::make_shared<Connection>(core, std::move(socket), listener.family,
                                                     std::move(origin), id, listener.tls.get());
      core.remember(connection);
      connection->start();
    }
  }

  std::uint64_t add_listener(Fd socket, int family, const std::string& name,
                             std::shared_ptr<TlsServer> tls) {
    const std::uint64_t id = next_listener.fetch_add(1);
    auto listener = std::make_shared<Listener>(core.io, name);
    listener->family = family;
    listener->tls = std::move(tls);
    error_code ec;
    ec = listener->descriptor.assign(socket.release(), ec);
    asio::post(core.io, [this, id, listener = std::move(listener)] {
      if (core.stopping) return;
      listeners.emplace(id, listener);
      wait_for_connections(id, listener);
    });
    return id;
  }

  // Its pending wait shares the listener: closing must be said.
  void close_listener(std::uint64_t id) {
    const auto found = listeners.find(id);
    if (found == listeners.end()) return;
    error_code ec;
    ec = found->second->descriptor.close(ec);
    listeners.erase(found);
  }

  // Runs on the loop until `done` holds there; looks again at every tick of a few milliseconds.
  // False at the deadline.
  template <typename Done>
  bool wait_on_loop(Done done, Duration limit) {
    const Duration deadline = core.clock.steady() + limit;
    for (;;) {
      bool answered = false;
      bool result = false;
      asio::post(core.io, [&] {
        const bool value = done();
        const std::scoped_lock lock(mutex);
        result = value;
        answered = true;
        changed.notify_all();
      });
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return answered; });
      if (result) return true;
      if (core.clock.steady() >= deadline) return false;
      changed.wait_for(lock, kShortestTick);
    }
  }

  void stop(Duration grace, const std::function<void()>& on_overdue) {
    if (!thread.joinable()) return;
    asio::post(core.io, [this] {
      core.stopping = true;
      while (!listeners.empty()) close_listener(listeners.begin()->first);
      for_each_connection([](Connection& connection) { connection.end_gently(); });
    });
    // In this order: a late reply is counted while its connection is there.
    const auto all_gone = [this] { return core.connections.empty() && core.late_replies == 0; };
    if (!wait_on_loop(all_gone, grace)) {
      asio::post(core.io, [this] {
        for_each_connection([](Connection& connection) { connection.end_now(); });
      });
      on_overdue();
      // A handler that is still at work keeps its connection: it cannot be taken from under it.
      while (!wait_on_loop(all_gone, std::chrono::seconds(10))) {
        core.logger.warning("waiting for request handlers to return");
      }
    }
    asio::post(core.io, [this] {
      core.pool.reset();
      tick.cancel();
      work.reset();
    });
    thread.join();
  }

  ServerCore core;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer tick;
  std::map<std::uint64_t, std::shared_ptr<Listener>> listeners;  // the loop's
  std::atomic<std::uint64_t> next_listener{1};
  std::mutex mutex;
  std::condition_variable changed;
  std::thread thread;
};

Server::Server(Handler& handler, const Logger& logger, ServerLimits limits)
    : state_(std::make_unique<State>(handler, logger, limits)) {}

Server::~Server() { stop(); }

Result<std::string> Server::listen(const std::string& address, const std::string& listener_name) {
  CLARY_TRY(Fd socket, listen_on(address));
  CLARY_TRY(std::string bound, bound_address(socket));
  CLARY_TRY(const std::uint64_t id, adopt(std::move(socket), listener_name));
  static_cast<void>(id);
  return bound;
}

Result<std::uint64_t> Server::adopt(Fd listening, const std::string& listener_name,
                                    std::shared_ptr<TlsServer> tls) {
  CLARY_TRY(const int family, family_of(listening));
  const int flags = ::fcntl(listening.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return system_error("listening socket");
  return state_->add_listener(std::move(listening), family, listener_name, std::move(tls));
}

void Server::close_listener(std::uint64_t id) {
  asio::post(state_->core.io, [state = state_.get(), id] {
    state->close_listener(id);
    state->for_each_connection([id](Connection& connection) {
      if (connection.listener() == id) connection.end_gently();
    });
  });
}

void Server::stop(Duration grace, const std::function<void()>& on_overdue) {
  state_->stop(grace, on_overdue);
}

ServerCounters Server::counters() const {
  const ServerCore& core = state_->core;
  return {.connections_open = core.connections_open.load(std::memory_order_relaxed),
          .connections_total = core.connections_total.load(std::memory_order_relaxed),
          .requests_total = core.requests_total.load(std::memory_order_relaxed),
          .bytes_in = core.bytes_in.load(std::memory_order_relaxed),
          .bytes_out = core.bytes_out.load(std::memory_order_relaxed)};
}

}  // namespace clary::net
