// EndpointHosting: the parts that keep endpoints, wired to each other.
#pragma once

#include <memory>
#include <random>

#include "apps/job_runtime.h"
#include "apps/storage.h"
#include "base/thread_pool.h"
#include "domain/alarm_records.h"
#include "domain/scaling_records.h"
#include "hosting/async_queue.h"
#include "hosting/call_capture.h"
#include "hosting/endpoint_keeper.h"
#include "hosting/endpoint_log.h"
#include "hosting/endpoint_scaler.h"
#include "hosting/shadow_calls.h"
#include "services/stored_role_objects.h"

namespace clary::apps {

class EndpointHosting {
 public:
  struct Parts {  // all outlive it
    Storage& storage;
    JobRuntime& runtime;
    Duration serverless_patience;
    services::JobDataAccess& access;
    AccountId account;
    Region region;
    IdSource& ids;
    const Clock& clock;
    const Logger& logger;
    Duration scaling_period;  // over which a metric is looked at
  };
  explicit EndpointHosting(Parts parts);
  ~EndpointHosting();  // stop()

  Status start();
  // Calls fail from now on, and the queue's are carried out by the next server.
  void end_calls();
  // After the server takes no requests any more; instances go on.
  void stop();

  hosting::EndpointCalls& calls() { return live_; }
  hosting::AsyncCalls& async_calls() { return async_; }
  hosting::EndpointChanges& changes() { return keeper_; }
  domain::ScalingRecords& scaling() { return scaling_; }
  domain::AlarmRecords& alarms() { return alarms_; }
  hosting::EndpointSights& sights() { return live_; }

 private:
  // The sockets of model servers, in their gangs' folders.
  class Sockets final : public hosting::InstancePlaces {
   public:
    explicit Sockets(const runtime::GangFolders& folders) : folders_(folders) {}
    Result<hosting::InstancePlace> find(const domain::Job& job) override;

   private:
    const runtime::GangFolders& folders_;
  };

  JobRuntime& runtime_;
  Sockets sockets_;
  std::mt19937_64 random_{std::random_device{}()};
  hosting::EndpointMetrics metrics_;
  services::StoredRoleObjects objects_;
  hosting::EndpointLog log_;
  hosting::CallCapture capture_;
  hosting::HealthChecks health_;
  hosting::LiveEndpoints live_;
  std::unique_ptr<hosting::ShadowCalls> shadows_;
  hosting::AsyncQueue async_;
  std::unique_ptr<ThreadPool> async_threads_;
  hosting::EndpointKeeper keeper_;
  domain::ScalingRecords scaling_;
  domain::AlarmRecords alarms_;
  hosting::EndpointScaler scaler_;
};

}  // namespace clary::apps
