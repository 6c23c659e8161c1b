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

void ServerCore::forget(Connection* connection) {
  if (connections.erase(connection) > 0) connections_open.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace clary::net
