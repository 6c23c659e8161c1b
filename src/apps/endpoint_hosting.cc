#include "apps/endpoint_hosting.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/serving_socket.h"

namespace clary::apps {
namespace {

// Two calls are read and written at a time, and so many wait for their models meanwhile.
constexpr PoolSize kAsyncThreads{.places = 2, .queue = 64, .lent_places = 64};
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
      objects_({.access = parts.access,
                .objects = *parts.storage.objects,
                .account = parts.account,
                .region = parts.region}),
      log_(*parts.storage.logs, parts.logger),
      capture_({.objects = objects_, .log = log_, .ids = parts.ids, .clock = parts.clock}),
      live_(parts.clock, metrics_,
            [this] { return std::uniform_real_distribution<double>(0, 1)(random_); }),
      shadows_(std::make_unique<hosting::ShadowCalls>([this](hosting::EndpointCall call) {
        [[maybe_unused]] const auto dropped = live_.invoke_shadow(std::move(call));
      })),
      async_({.records = *parts.storage.records,
              .endpoints = *parts.storage.endpoints,
              .calls = live_,
              .objects = objects_,
              .log = log_,
              .metrics = metrics_,
              .ids = parts.ids,
              .clock = parts.clock,
              .logger = parts.logger,
              .rules = [this](const EndpointName& name) { return live_.async_rules(name); },
              .all_rules = [this] { return live_.all_async_rules(); },
              .post =
                  [this](std::function<void()> work) {
                    return async_threads_->try_post(std::move(work));
                  }}),
      async_threads_(std::make_unique<ThreadPool>("async calls", kAsyncThreads)),
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
  live_.set_on_captured([this](hosting::CapturedCall call) { capture_.take(std::move(call)); });
  live_.set_on_shadowed([this](hosting::EndpointCall call) { shadows_->take(std::move(call)); });
  runtime_.reset().set_around(
      [this] {
        scaler_.pause();
        keeper_.pause();
        capture_.clear();
        async_.clear();
      },
      [this] {
        keeper_.resume();
        scaler_.resume();
      });
}

EndpointHosting::~EndpointHosting() { stop(); }

Status EndpointHosting::start() {
  capture_.start();
  CLARY_RETURN_IF_ERROR(async_.start());
  keeper_.start();
  scaler_.start();
  return {};
}

void EndpointHosting::end_calls() {
  async_.stop();
  live_.abort();
}

// Calls end before whom they tell of themselves: those of the queue, copies, and then what was
// captured of either is written.
void EndpointHosting::stop() {
  scaler_.stop();
  keeper_.stop();
  health_.stop();
  end_calls();
  async_threads_.reset();
  shadows_.reset();
  capture_.stop();
}

}  // namespace clary::apps
