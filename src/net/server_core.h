// What the connections of one server share. Private to net: names Asio.
//
// The loop thread owns `connections` and `connections_of`; everything else is safe from any thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "net/http.h"
#include "net/server.h"

namespace clary::net {

class Connection;

struct ServerCore {
  ServerCore(Handler& handler_in, const Logger& logger_in, ServerLimits limits_in);

  // Runs on a handler thread. Never refused: a connection has at most one task there at a time.
  void post(std::function<void()> work);
  // Takes a place in the queue of requests that wait for a thread; false when it is full. Each
  // place taken is given back by leave_queue().
  bool enter_queue();
  void leave_queue() { waiting.fetch_sub(1, std::memory_order_relaxed); }

  std::string date();  // of the Date field, now
  // Whether one more connection may be opened from there.
  bool has_room_for(const Origin& origin) const;
  void remember(std::shared_ptr<Connection> connection);
  void forget(Connection* connection);

  Handler& handler;
  const Logger& logger;
  const ServerLimits limits;
  SystemClock clock;
  boost::asio::io_context io{1};
  std::unique_ptr<ThreadPool> pool;  // destroyed before `io` is
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::unordered_map<std::string, std::size_t> connections_of;  // by Origin::address()

  std::atomic<std::size_t> waiting{0};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> late_replies{0};  // being given just now, by threads of others
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};

 private:
  Mutex date_mutex_;
  std::int64_t date_second_ CLARY_GUARDED_BY(date_mutex_) = -1;
  std::string date_text_ CLARY_GUARDED_BY(date_mutex_);
};

}  // namespace clary::net
