// ModelMetrics: what a model did, counted: answers by status, and how long each stage took.
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "serving/model_call.h"
#include "telemetry/prometheus_text.h"

namespace clary::serving {

// The labels of a model's sample: those given and, where it has one, its name.
telemetry::PrometheusLabels model_labels(std::string_view model,
                                         telemetry::PrometheusLabels labels = {});

class ModelMetrics {
 public:
  // A request to the model that was answered. total: from its head to its answer.
  void count(int status, Duration total, const StageTimes& times);
  void count_death();    // of a worker
  void count_dropped();  // a call that nobody answered in time, or nobody waited for any more

  struct Named {
    std::string_view name;  // empty: the only model there is; its samples bear no name
    const ModelMetrics* metrics = nullptr;
  };
  // clary_model_*: docs/metrics.md.
  static void write(telemetry::PrometheusText& text, std::span<const Named> models);

 private:
  // Upper bounds in seconds.
  static constexpr std::array kBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                         0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   10.0, 60.0};
  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    double seconds = 0;
    std::uint64_t count = 0;
    void add(Duration time);
  };
  static constexpr std::array<std::string_view, 6> kStages = {"queue",  "decode",  "predict",
                                                              "encode", "handler", "total"};

  mutable Mutex mutex_;
  std::map<int, std::uint64_t> by_status_ CLARY_GUARDED_BY(mutex_);
  std::array<Histogram, kStages.size()> stages_ CLARY_GUARDED_BY(mutex_);
  std::uint64_t deaths_ CLARY_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ CLARY_GUARDED_BY(mutex_) = 0;
};

}  // namespace clary::serving
