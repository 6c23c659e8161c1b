#include "apps/endpoint_hosting.h"

#include <utility>

#include "runtime/serving_socket.h"

namespace clary::apps {

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
               .serverless_patience = parts.serverless_patience}) {
  health_.set_on_change([this] { keeper_.wake(); });
  live_.set_on_unreachable([this] { keeper_.doubt(); });
  live_.set_on_wanted([this] { keeper_.wake(); });
  runtime_.reset().set_around([this] { keeper_.pause(); }, [this] { keeper_.resume(); });
}

EndpointHosting::~EndpointHosting() { stop(); }

void EndpointHosting::stop() {
  keeper_.stop();
  health_.stop();
}

}  // namespace clary::apps
