// EndpointScaler: gives variants the number of instances that their scaling policies ask for, in
// the way of UpdateEndpointWeightsAndCapacities, and writes down what it did. Watches the alarms
// that policies of steps go by.
//
// All that must outlive a restart is in the stores: a change under way when the server ended is
// followed to its end by the next one. Thread-safe; look() is one round on the calling thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "domain/alarm_records.h"
#include "domain/endpoint_store.h"
#include "domain/scaling_records.h"
#include "hosting/endpoint_changes.h"
#include "hosting/scaling_choice.h"
#include "telemetry/metric_store.h"

namespace clary::hosting {

class EndpointScaler {
 public:
  struct Parts {  // all outlive the scaler
    domain::ScalingRecords& records;
    domain::AlarmRecords& alarms;
    domain::EndpointStore& endpoints;
    EndpointChanges& changes;
    telemetry::MetricStore& metrics;
    IdSource& ids;
    const Clock& clock;
    const Logger& logger;
    Duration period = std::chrono::minutes(1);  // over which a metric is looked at
    // How long after its end a period is looked at, so that all of its samples are there.
    Duration delay = std::chrono::seconds(7);
  };
  explicit EndpointScaler(const Parts& parts) : parts_(parts) {}
  EndpointScaler(const EndpointScaler&) = delete;
  EndpointScaler& operator=(const EndpointScaler&) = delete;

  // Looks on a thread of its own, several times in a period.
  void start();
  // Waits for the look under way.
  void stop();
  // Between these two nothing is looked at: the stores are emptied.
  void pause();
  void resume();

  void look();

 private:
  Status look_at_all() CLARY_REQUIRES(looking_);
  // Holds each alarm against what was measured since the last time.
  Status check_alarms() CLARY_REQUIRES(looking_);
  std::optional<MeasuredPolicy::OffAlarm> off_alarm(const domain::ScalingPolicy& policy,
                                                    const domain::Endpoint& endpoint) const
      CLARY_REQUIRES(looking_);
  Status tend(const domain::ScalableTarget& target) CLARY_REQUIRES(looking_);
  // Writes down how the change under way ended, where it has.
  Status settle(const domain::ScalableTarget& target, domain::Endpoint& endpoint,
                domain::ScalingMemory& memory) CLARY_REQUIRES(looking_);
  Result<std::vector<MeasuredPolicy>> measured(const domain::ScalableTarget& target,
                                               const domain::Endpoint& endpoint)
      CLARY_REQUIRES(looking_);
  Status scale(const domain::ScalableTarget& target, domain::Endpoint& endpoint,
               domain::ScalingMemory& memory, const ScalingChoice& choice) CLARY_REQUIRES(looking_);

  const Parts parts_;
  Mutex looking_;  // held during a look
  bool paused_ CLARY_GUARDED_BY(looking_) = false;
  std::vector<domain::KnownAlarm> alarms_ CLARY_GUARDED_BY(looking_);  // as they stand
  Duration forgot_ CLARY_GUARDED_BY(looking_){0};  // old activities, the last time

  Mutex loop_mutex_;
  std::unique_ptr<Loop> loop_ CLARY_GUARDED_BY(loop_mutex_);
};

}  // namespace clary::hosting
