#include "telemetry/server_metrics.h"

#include <algorithm>

namespace clary::telemetry {
namespace {

// The value of a key, made when it is absent, without a copy of the key when it is there.
template <typename Map>
typename Map::mapped_type& value_of(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? map[std::string(key)] : found->second;
}

}  // namespace

void ServerMetrics::count(const ServedRequest& request) {
  const double seconds = std::chrono::duration<double>(request.elapsed).count();
  const auto bucket =
      static_cast<std::size_t>(std::ranges::lower_bound(kBounds, seconds) - kBounds.begin());
  MutexLock lock(mutex_);
  Operation& operation = value_of(value_of(services_, request.service), request.operation);
  ++operation.by_status[request.status];
  ++operation.buckets[bucket];
  operation.seconds += seconds;
}

void ServerMetrics::write(PrometheusText& text) const {
  MutexLock lock(mutex_);
  text.family("clary_requests_total", "Requests answered.", PrometheusType::kCounter);
  for (const auto& [service, operations] : services_) {
    for (const auto& [name, operation] : operations) {
      for (const auto& [status, count] : operation.by_status) {
        const std::string code = std::to_string(status);
        text.sample("clary_requests_total",
                    {{"service", service}, {"operation", name}, {"status", code}},
                    static_cast<double>(count));
      }
    }
  }
  text.family("clary_request_seconds",
              "Time from a request's head to its reply, without the bytes of a streamed body.",
              PrometheusType::kHistogram);
  for (const auto& [service, operations] : services_) {
    for (const auto& [name, operation] : operations) {
      text.histogram("clary_request_seconds", {{"service", service}, {"operation", name}}, kBounds,
                     operation.buckets, operation.seconds);
    }
  }
}

}  // namespace clary::telemetry
