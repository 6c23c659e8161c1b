// EndpointMetrics: what was called and how long it took, summed up and given to the metric store by
// and by, as CloudWatch has it: space AWS/SageMaker, dimensions EndpointName and VariantName; of
// calls that wait to be answered later EndpointName alone.
//
// Latencies are gathered in steps of 2 %, so that percentiles can be told of them. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/names.h"
#include "telemetry/metric_store.h"

namespace clary::hosting {

struct CountedCall {
  EndpointName endpoint;
  std::string variant;
  int status = 200;           // of the answer, or as what a call without one counts
  bool reached = true;        // its model; false: nothing is known of latencies
  Duration model{0};          // in its containers
  Duration overhead{0};       // everywhere else
  std::size_t instances = 1;  // of the variant
};

struct AsyncBacklog {
  EndpointName endpoint;
  int instances = 0;      // that take calls now
  std::size_t calls = 0;  // that wait or are under way
  Duration oldest{0};     // how long the first has waited
};

class EndpointMetrics {
 public:
  void count(const CountedCall& call);
  // An instance of a serverless variant took so long until it could be called.
  void count_setup(const EndpointName& endpoint, const std::string& variant, Duration time);
  // How it is now, instead of what was said of the endpoint before.
  void note(const AsyncBacklog& backlog);
  // What was counted since the last time; forgotten.
  std::vector<telemetry::SeriesSamples> take(TimePoint now);

 private:
  struct Step {
    double count = 0;
    double sum = 0;
  };
  using Latencies = std::map<int, Step>;  // by the power of 1.02, in microseconds
  struct Totals {
    double calls = 0, client_errors = 0, server_errors = 0;
    double model_calls = 0, model_errors = 0;  // of those that reached it
    std::map<std::size_t, double> by_instances;
    Latencies model, overhead, setup;
  };
  static void add(Latencies& latencies, Duration time);
  static void add(std::vector<telemetry::SeriesSamples>& batch, const AsyncBacklog& backlog,
                  TimePoint now);

  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Totals> totals_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, AsyncBacklog> backlogs_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
