#include "serving/model_metrics.h"

#include <algorithm>
#include <optional>
#include <string>

namespace clary::serving {

telemetry::PrometheusLabels model_labels(std::string_view model,
                                         telemetry::PrometheusLabels labels) {
  if (!model.empty()) labels.emplace_back("model", model);
  return labels;
}

void ModelMetrics::Histogram::add(Duration time) {
  const double value = std::chrono::duration<double>(time).count();
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), value);
  ++buckets[static_cast<std::size_t>(bucket - kBounds.begin())];
  seconds += value;
  ++count;
}

void ModelMetrics::count(int status, Duration total, const StageTimes& times) {
  const std::array<std::optional<Duration>, kStages.size()> taken = {
      times.queue, times.decode, times.predict, times.encode, times.handler, total};
  MutexLock lock(mutex_);
  ++by_status_[status];
  for (std::size_t i = 0; i < kStages.size(); ++i)
    if (taken[i]) stages_[i].add(*taken[i]);
}

void ModelMetrics::count_death() {
  MutexLock lock(mutex_);
  ++deaths_;
}

void ModelMetrics::count_dropped() {
  MutexLock lock(mutex_);
  ++dropped_;
}

void ModelMetrics::write(telemetry::PrometheusText& text, std::span<const Named> models) {
  using Type = telemetry::PrometheusType;
  text.family("clary_model_requests_total", "Requests to the model by the status of their answer.",
              Type::kCounter);
  for (const Named& model : models) {
    MutexLock lock(model.metrics->mutex_);
    for (const auto& [status, count] : model.metrics->by_status_) {
      text.sample("clary_model_requests_total",
                  model_labels(model.name, {{"status", std::to_string(status)}}),
                  static_cast<double>(count));
    }
  }
  text.family("clary_model_stage_seconds", "How long each stage of a request took.",
              Type::kHistogram);
  for (const Named& model : models) {
    MutexLock lock(model.metrics->mutex_);
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      const Histogram& stage = model.metrics->stages_[i];
      if (stage.count == 0) continue;
      text.histogram("clary_model_stage_seconds", model_labels(model.name, {{"stage", kStages[i]}}),
                     kBounds, stage.buckets, stage.seconds);
    }
  }
  text.family("clary_model_worker_deaths_total", "Workers that ended by themselves.",
              Type::kCounter);
  for (const Named& model : models) {
    MutexLock lock(model.metrics->mutex_);
    text.sample("clary_model_worker_deaths_total", model_labels(model.name),
                static_cast<double>(model.metrics->deaths_));
  }
  text.family("clary_model_dropped_total",
              "Requests that no worker took before their deadline, or whose caller had gone.",
              Type::kCounter);
  for (const Named& model : models) {
    MutexLock lock(model.metrics->mutex_);
    text.sample("clary_model_dropped_total", model_labels(model.name),
                static_cast<double>(model.metrics->dropped_));
  }
}

}  // namespace clary::serving
