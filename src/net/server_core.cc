#include "net/server_core.h"

#include <limits>
#include <utility>

#include "base/check.h"
#include "base/time_text.h"
#include "net/connection.h"

namespace clary::net {

ServerCore::ServerCore(Handler& handler_in, const Logger& logger_in, ServerLimits limits_in)
    : handler(handler_in),
      logger(logger_in),
      limits(limits_in),
      pool(std::make_unique<ThreadPool>("net-handler",
                                        PoolSize{.places = limits.handler_threads,
                                                 .queue = std::numeric_limits<std::size_t>::max(),
                                                 .lent_places = limits.waiting_threads})) {}

void ServerCore::post(std::function<void()> work) {
  // The pool shuts down only after the last connection is gone.
  CLARY_CHECK(pool->try_post(std::move(work)));
}

bool ServerCore::enter_queue() {
  if (waiting.fetch_add(1, std::memory_order_relaxed) < limits.handler_queue) return true;
  leave_queue();
  return false;
}

std::string ServerCore::date() {
  const TimePoint now = clock.now();
  const std::int64_t second =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  MutexLock lock(date_mutex_);
  if (second != date_second_) {
    date_second_ = second;
    date_text_ = http_date(now);
  }
  return date_text_;
}

bool ServerCore::has_room_for(const Origin& origin) const {
  if (connections.size() >= limits.connections) return false;
  const auto found = connections_of.find(origin.address());
  return found == connections_of.end() || found->second < limits.connections_per_peer;
}

void ServerCore::remember(std::shared_ptr<Connection> connection) {
  ++connections_of[connection->origin().address()];
  connections.emplace(connection.get(), std::move(connection));
  connections_open.fetch_add(1, std::memory_order_relaxed);
  connections_total.fetch_add(1, std::memory_order_relaxed);
}

void ServerCore::forget(Connection* connection) {
  const auto found = connections.find(connection);
  if (found == connections.end()) return;
  const auto count = connections_of.find(connection->origin().address());
  if (--count->second == 0) connections_of.erase(count);
  connections.erase(found);
  connections_open.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace clary::net
