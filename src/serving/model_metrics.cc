#include "serving/model_metrics.h"

#include <algorithm>
#include <optional>
#include <string>

namespace clary::serving {

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

void ModelMetrics::write(telemetry::PrometheusText& text) const {
  using Type = telemetry::PrometheusType;
  MutexLock lock(mutex_);
  text.family("clary_model_requests_total",
              "Requests to /invocations by the status of their answer.", Type::kCounter);
  for (const auto& [status, count] : by_status_) {
    text.sample("clary_model_requests_total", {{"status", std::to_string(status)}},
                static_cast<double>(count));
  }
  text.family("clary_model_stage_seconds", "How long each stage of a request took.",
              Type::kHistogram);
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    if (stages_[i].count == 0) continue;
    text.histogram("clary_model_stage_seconds", {{"stage", kStages[i]}}, kBounds,
                   stages_[i].buckets, stages_[i].seconds);
  }
  text.family("clary_model_worker_deaths_total", "Workers that ended by themselves.",
              Type::kCounter);
  text.sample("clary_model_worker_deaths_total", {}, static_cast<double>(deaths_));
  text.family("clary_model_dropped_total",
              "Requests that no worker took before their deadline, or whose caller had gone.",
              Type::kCounter);
  text.sample("clary_model_dropped_total", {}, static_cast<double>(dropped_));
}

}  // namespace clary::serving
