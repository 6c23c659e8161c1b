#include "serving/one_model.h"

#include <array>
#include <utility>

namespace clary::serving {
namespace {

constexpr const char* kNotYet = "the model is being loaded: it is fetched";

}  // namespace

std::shared_ptr<LiveModel> OneModel::set(std::shared_ptr<LiveModel> model) {
  MutexLock lock(mutex_);
  return std::exchange(model_, std::move(model));
}

std::shared_ptr<LiveModel> OneModel::get() const {
  MutexLock lock(mutex_);
  return model_;
}

Readiness OneModel::readiness() const {
  const std::shared_ptr<LiveModel> model = get();
  return model == nullptr ? Readiness{.ready = false, .sentence = kNotYet} : model->readiness();
}

std::optional<Refusal> OneModel::refusal(const std::string&, std::uint64_t body_bytes) const {
  const std::shared_ptr<LiveModel> model = get();
  return model == nullptr ? Refusal{.sentence = kNotYet} : model->refusal(body_bytes);
}

std::optional<Refusal> OneModel::submit(const std::string&, PendingCall call) {
  const std::shared_ptr<LiveModel> model = get();
  return model == nullptr ? Refusal{.sentence = kNotYet} : model->submit(std::move(call));
}

void OneModel::count(const std::string&, int status, Duration total, const StageTimes& times) {
  metrics_.count(status, total, times);
}

void OneModel::write_metrics(telemetry::PrometheusText& text) const {
  ModelMetrics::write(text, std::array{ModelMetrics::Named{.name = "", .metrics = &metrics_}});
  ModelSeries series;
  if (const std::shared_ptr<LiveModel> model = get()) {
    series.waiting = model->waiting();
    series.lanes = model->lanes();
  }
  write_series(text, std::array{std::move(series)});
}

}  // namespace clary::serving
