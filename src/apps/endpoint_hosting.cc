#include "apps/endpoint_hosting.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/serving_socket.h"

namespace clary::apps {
namespace {

constexpr Duration kMetricsInterval = std::chrono::seconds(5);
// The keeper looks every second whether metrics are to be given; it may be a little late.
constexpr Duration kMetricsLateness = std::chrono::seconds(2);

// Twice in a period, so that none has the calls of another.
Duration metrics_interval(Duration scaling_period) {
  return std::min(kMetricsInterval, scaling_period / 2);
}

}  // namespace

Result<hosting::InstancePlace> EndpointHosting::Sockets::find(const domain::Job& job) {
  CLARY_TRY(runtime::ServingSocket opened,
            runtime::ServingSocket::open(runtime::serving_socket_path(folders_, job.gang)));
  const auto held = std::make_shared<const runtime::ServingSocket>(std::move(opened));
  return hosting::InstancePlace{.address = held->address(), .held = held};
}

EndpointHosting::EndpointHosting(Parts parts)
    : runtime_(parts.runtime),
      sockets_(parts.runtime.folders()),
      log_(*parts.storage.logs, parts.logger),
      live_(parts.clock, metrics_,
            [this] { return std::uniform_real_distribution<double>(0, 1)(random_); }),
      keeper_({.endpoints = *parts.storage.endpoints,
               .jobs = *parts.storage.jobs,
               .changes = parts.runtime.changes(),
               .health = health_,
               .places = sockets_,
               .live = live_,
               .counted = metrics_,
               .metrics = *parts.storage.metrics,
               .log = log_,
               .ids = parts.ids,
               .clock = parts.clock,
               .logger = parts.logger,
               .metrics_interval = metrics_interval(parts.scaling_period),
               .serverless_patience = parts.serverless_patience}),
      scaling_(*parts.storage.records),
      alarms_(*parts.storage.records),
      scaler_({.records = scaling_,
               .alarms = alarms_,
               .endpoints = *parts.storage.endpoints,
               .changes = keeper_,
               .metrics = *parts.storage.metrics,
               .ids = parts.ids,
               .clock = parts.clock,
               .logger = parts.logger,
               .period = parts.scaling_period,
               .delay = metrics_interval(parts.scaling_period) + kMetricsLateness}) {
  health_.set_on_change([this] { keeper_.wake(); });
  live_.set_on_unreachable([this] { keeper_.doubt(); });
  live_.set_on_wanted([this] { keeper_.wake(); });
  runtime_.reset().set_around(
      [this] {
        scaler_.pause();
        keeper_.pause();
      },
      [this] {
        keeper_.resume();
        scaler_.resume();
      });
}

EndpointHosting::~EndpointHosting() { stop(); }

void EndpointHosting::start() {
  keeper_.start();
  scaler_.start();
}

void EndpointHosting::stop() {
  scaler_.stop();
  keeper_.stop();
  health_.stop();
}

}  // namespace clary::apps
