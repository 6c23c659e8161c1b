// EndpointKeeper: makes what runs what the endpoints ask for. It looks at every endpoint, at the
// jobs of its containers and at their health, asks plan() what is missing, and carries it out.
//
// All that must outlive a restart is in the stores and in what runs: whatever look() was doing when
// the server ended is done by the next one. Thread-safe; look() is one round on the calling thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "domain/endpoint_store.h"
#include "domain/job_store.h"
#include "hosting/endpoint_changes.h"
#include "hosting/endpoint_log.h"
#include "hosting/endpoint_metrics.h"
#include "hosting/endpoint_plan.h"
#include "hosting/instance_book.h"
#include "hosting/live_endpoints.h"
#include "hosting/live_instances.h"
#include "hosting/serverless_variants.h"
#include "runtime/job_changes.h"
#include "telemetry/metric_store.h"

namespace clary::hosting {

class EndpointKeeper final : public EndpointChanges {
 public:
  struct Parts {  // all outlive the keeper
    domain::EndpointStore& endpoints;
    domain::JobStore& jobs;
    runtime::JobChanges& changes;
    InstanceHealth& health;
    InstancePlaces& places;
    LiveEndpoints& live;
    EndpointMetrics& counted;
    telemetry::MetricStore& metrics;
    EndpointLog& log;
    IdSource& ids;
    const Clock& clock;
    const Logger& logger;
    // Makes the way to a container; tests give their own.
    LiveInstances::MakeLink link = make_socket_link;
    Duration metrics_interval = std::chrono::seconds(5);  // how often they are given to the store
    // How long a serverless variant that is not called keeps its instance.
    Duration serverless_patience = std::chrono::minutes(5);
  };
  explicit EndpointKeeper(Parts parts)
      : parts_(std::move(parts)),
        instances_(parts_.link),
        serverless_(parts_.serverless_patience) {}
  EndpointKeeper(const EndpointKeeper&) = delete;
  EndpointKeeper& operator=(const EndpointKeeper&) = delete;
  ~EndpointKeeper() override;  // stop()

  // Looks on a thread of its own, at once and after each wake().
  void start();
  // Waits for the look under way. What runs goes on.
  void stop();
  void wake() override;
  // An instance could not be reached: all are asked how they are.
  void doubt();

  // Between these two nothing is looked at, and no endpoint takes calls: the stores are emptied.
  // What was counted before is forgotten.
  void pause();
  void resume();

  void look();

 private:
  struct Tended {
    EndpointPlan plan;
    domain::Endpoint endpoint;
    bool starting = false;  // some instance of it
  };

  Status look_at_all() CLARY_REQUIRES(looking_);
  Result<std::vector<domain::Endpoint>> all_endpoints();
  Result<std::vector<domain::Job>> jobs_of(domain::JobQuery query);
  // Jobs that live, and those that lived at the last look.
  Status read_jobs(const std::vector<domain::Endpoint>& endpoints) CLARY_REQUIRES(looking_);
  void check_health(InstanceBook& book) CLARY_REQUIRES(looking_);
  Result<Tended> tend(domain::Endpoint endpoint) CLARY_REQUIRES(looking_);
  void begin_instance(const Tended& tended, const InstanceId& instance) CLARY_REQUIRES(looking_);
  void stop_instance(const domain::Endpoint& endpoint, const InstanceStop& order)
      CLARY_REQUIRES(looking_);
  LiveEndpoint live_endpoint(const Tended& tended) CLARY_REQUIRES(looking_);
  // What is told of a generation once, in the endpoint's log.
  void tell_notices(const domain::Endpoint& endpoint, const InstanceId& first);
  void stop_job(InstanceBook& book, const domain::Job& job) CLARY_REQUIRES(looking_);
  Status remove(const domain::Endpoint& endpoint) CLARY_REQUIRES(looking_);
  void forget(const domain::Endpoint& endpoint, InstanceBook& book) CLARY_REQUIRES(looking_);

  void give_metrics() CLARY_REQUIRES(looking_);
  Duration next_interval() CLARY_REQUIRES(looking_);

  const Parts parts_;
  Mutex looking_;  // held during a look; before loop_mutex_
  bool paused_ CLARY_GUARDED_BY(looking_) = false;
  std::map<std::string, InstanceBook> books_ CLARY_GUARDED_BY(looking_);  // by endpoint's id
  LiveInstances instances_ CLARY_GUARDED_BY(looking_);
  ServerlessVariants serverless_ CLARY_GUARDED_BY(looking_);
  std::shared_ptr<const LiveTable> table_ CLARY_GUARDED_BY(looking_) =
      std::make_shared<const LiveTable>();
  bool changing_ CLARY_GUARDED_BY(looking_) = false;  // some endpoint is on its way somewhere
  Duration metrics_given_ CLARY_GUARDED_BY(looking_){0};
  Duration began_ CLARY_GUARDED_BY(looking_){0};  // the last instance
  std::atomic<bool> doubts_ = false;
  std::atomic<std::int64_t> doubted_ = INT64_MIN / 2;  // the last time

  Mutex loop_mutex_;
  std::unique_ptr<Loop> loop_ CLARY_GUARDED_BY(loop_mutex_);
};

}  // namespace clary::hosting
