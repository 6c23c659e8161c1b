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
  if (!call.reached) return;
  ++totals.model_calls;
  if (call.status / 100 != 2) ++totals.model_errors;
  add(totals.model, call.model);
  add(totals.overhead, call.overhead);
}

void EndpointMetrics::count_setup(const EndpointName& endpoint, const std::string& variant,
                                  Duration time) {
  MutexLock lock(mutex_);
  add(totals_[{endpoint.value(), variant}].setup, time);
}

void EndpointMetrics::note(const AsyncBacklog& backlog) {
  MutexLock lock(mutex_);
  backlogs_.insert_or_assign(backlog.endpoint.value(), backlog);
}

// Source: AWS, "Monitor asynchronous endpoint".
void EndpointMetrics::add(std::vector<SeriesSamples>& batch, const AsyncBacklog& backlog,
                          TimePoint now) {
  const auto sample = [&](const char* name, const char* unit, double value) {
    batch.push_back({.series = {.space = kSpace,
                                .name = name,
                                .dimensions = {{"EndpointName", backlog.endpoint.value()}},
                                .unit = unit},
                     .samples = {{.time = now, .value = value}}});
  };
  const auto calls = static_cast<double>(backlog.calls);
  sample("ApproximateBacklogSize", "Count", calls);
  sample("ApproximateBacklogSizePerInstance", "Count", calls / std::max(backlog.instances, 1));
  sample("ApproximateAgeOfOldestRequest", "Seconds",
         std::chrono::duration<double>(backlog.oldest).count());
  sample("HasBacklogWithoutCapacity", "Count", backlog.calls > 0 && backlog.instances == 0 ? 1 : 0);
}

std::vector<SeriesSamples> EndpointMetrics::take(TimePoint now) {
  std::map<std::pair<std::string, std::string>, Totals> taken;
  std::map<std::string, AsyncBacklog> backlogs;
  {
    MutexLock lock(mutex_);
    taken.swap(totals_);
    backlogs.swap(backlogs_);
  }
  std::vector<SeriesSamples> batch;
  for (const auto& [name, backlog] : backlogs) add(batch, backlog, now);
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
    const auto add_errors = [&](const char* name, double errors, double calls) {
      std::vector<Sample>& samples = series(name, "None");
      add_equal(samples, now, 1, errors);
      add_equal(samples, now, 0, calls - errors);
    };
    add_errors("Invocation4XXErrors", totals.client_errors, totals.calls);
    add_errors("Invocation5XXErrors", totals.server_errors, totals.calls);
    std::vector<Sample>& per_instance = series("InvocationsPerInstance", "None");
    for (const auto& [instances, calls] : totals.by_instances)
      add_equal(per_instance, now, 1 / static_cast<double>(instances), calls);
    if (totals.model_calls == 0) continue;
    add_errors("InvocationModelErrors", totals.model_errors, totals.model_calls);
    add_latencies("ModelLatency", totals.model);
    add_latencies("OverheadLatency", totals.overhead);
  }
  return batch;
}

}  // namespace clary::hosting
