// ServerMetrics: what the server did, counted: requests by service, operation and status, and how
// long they took. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "telemetry/prometheus_text.h"

namespace clary::telemetry {

struct ServedRequest {
  std::string_view service;    // "sagemaker"
  std::string_view operation;  // "DescribeTrainingJob", or "unknown": a name of the model, never
                               // the client's own
  int status = 0;              // HTTP
  Duration elapsed{0};         // from its head to its reply, a streamed body not included
};

class ServerMetrics {
 public:
  void count(const ServedRequest& request);
  // clary_requests_total and clary_request_seconds.
  void write(PrometheusText& text) const;

 private:
  // Upper bounds in seconds.
  static constexpr std::array kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1.0,   2.5,  10.0};
  struct Operation {
    std::map<int, std::uint64_t> by_status;
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    double seconds = 0;
  };
  using Operations = std::map<std::string, Operation, std::less<>>;

  mutable Mutex mutex_;
  std::map<std::string, Operations, std::less<>> services_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::telemetry
