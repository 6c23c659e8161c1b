#include "hosting/endpoint_metrics.h"

#include <algorithm>
#include <cmath>

namespace clary::hosting {

using telemetry::Sample;
using telemetry::SeriesSamples;

namespace {

constexpr const char* kSpace = "AWS/SageMaker";
constexpr double kStepRatio = 1.02;

// So many measurements of one value.
void add_equal(std::vector<Sample>& samples, TimePoint time, double value, double count) {
  if (count <= 0) return;
  samples.push_back(
      {.time = time,
       .value = value * count,
       .set = telemetry::SampleSet{.count = count, .minimum = value, .maximum = value}});
}

}  // namespace

void EndpointMetrics::add(Latencies& latencies, Duration time) {
  const double microseconds = std::max(static_cast<double>(time.count()), 1.0);
  Step& step = latencies[static_cast<int>(std::log(microseconds) / std::log(kStepRatio))];
  ++step.count;
  step.sum += microseconds;
}

void EndpointMetrics::count(const CountedCall& call) {
  MutexLock lock(mutex_);
  Totals& totals = totals_[{call.endpoint.value(), call.variant}];
  ++totals.calls;
  if (call.status / 100 == 4) ++totals.client_errors;
  if (call.status / 100 == 5) ++totals.server_errors;
  ++totals.by_instances[std::max<std::size_t>(call.instances, 1)];
  add(totals.model, call.model);
  add(totals.overhead, call.overhead);
}

void EndpointMetrics::count_setup(const EndpointName& endpoint, const std::string& variant,
                                  Duration time) {
  MutexLock lock(mutex_);
  add(totals_[{endpoint.value(), variant}].setup, time);
}

std::vector<SeriesSamples> EndpointMetrics::take(TimePoint now) {
  std::map<std::pair<std::string, std::string>, Totals> taken;
  {
    MutexLock lock(mutex_);
    taken.swap(totals_);
  }
  std::vector<SeriesSamples> batch;
  for (const auto& [place, totals] : taken) {
    const auto series = [&](const char* name, const char* unit) -> std::vector<Sample>& {
      batch.push_back(
          {.series = {.space = kSpace,
                      .name = name,
                      .dimensions = {{"EndpointName", place.first}, {"VariantName", place.second}},
                      .unit = unit},
           .samples = {}});
      return batch.back().samples;
    };
    const auto add_latencies = [&](const char* name, const Latencies& latencies) {
      std::vector<Sample>& samples = series(name, "Microseconds");
      for (const auto& [power, step] : latencies)
        add_equal(samples, now, step.sum / step.count, step.count);
    };
    if (!totals.setup.empty()) add_latencies("ModelSetupTime", totals.setup);
    if (totals.calls <= 0) continue;
    add_equal(series("Invocations", "None"), now, 1, totals.calls);
    const auto add_errors = [&](const char* name, double errors) {
      std::vector<Sample>& samples = series(name, "None");
      add_equal(samples, now, 1, errors);
      add_equal(samples, now, 0, totals.calls - errors);
    };
    add_errors("Invocation4XXErrors", totals.client_errors);
    add_errors("Invocation5XXErrors", totals.server_errors);
    std::vector<Sample>& per_instance = series("InvocationsPerInstance", "None");
    for (const auto& [instances, calls] : totals.by_instances)
      add_equal(per_instance, now, 1 / static_cast<double>(instances), calls);
    add_latencies("ModelLatency", totals.model);
    add_latencies("OverheadLatency", totals.overhead);
  }
  return batch;
}

}  // namespace clary::hosting
