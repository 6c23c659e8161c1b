// RuntimeReset: ends everything that runs and empties every store, for people's test suites (`POST
// /_clary/reset`).
//
// Keys of people stay. Thread-safe. Everything passed outlives it.
#pragma once

#include <functional>
#include <utility>

#include "base/result.h"
#include "domain/endpoint_store.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "domain/record_store.h"
#include "objects/object_store.h"
#include "runtime/gang_effects.h"
#include "runtime/runner.h"
#include "telemetry/log_store.h"
#include "telemetry/metric_store.h"

namespace clary::runtime {

class RuntimeReset {
 public:
  struct Parts {
    domain::JobStore& jobs;
    domain::EndpointStore& endpoints;
    domain::RecordStore& records;
    GangEffects& effects;
    Runner& runner;
    telemetry::LogStore& logs;
    telemetry::MetricStore& metrics;
    objects::ObjectStore& objects;
    domain::IdentityStore& identities;
  };
  explicit RuntimeReset(Parts parts) : parts_(parts) {}

  // Who else changes jobs by itself rests from before() to after(). Set before the first run.
  void set_around(std::function<void()> before, std::function<void()> after) {
    before_ = std::move(before);
    after_ = std::move(after);
  }

  // Stops at the first thing that cannot be ended; what was ended stays so, and a second call goes
  // on.
  Status run();

 private:
  Status empty();
  Status empty_buckets();

  Parts parts_;
  std::function<void()> before_ = [] {};
  std::function<void()> after_ = [] {};
};

}  // namespace clary::runtime
