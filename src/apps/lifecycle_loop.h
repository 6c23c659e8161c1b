// LifecycleLoop: carries out the buckets' lifecycle rules at an interval.
#pragma once

#include "base/clock.h"
#include "base/logger.h"
#include "base/loop.h"
#include "objects/lifecycle_sweep.h"
#include "services/bucket_rules.h"

namespace clary::apps {

class LifecycleLoop {
 public:
  // Everything passed outlives it.
  LifecycleLoop(objects::ObjectStore& store, services::BucketRules& rules, const Clock& clock,
                const Logger& logger, Duration interval);

 private:
  services::LifecycleRules rules_of(const BucketName& bucket) const;
  void run(const std::stop_token& stop);

  services::BucketRules& rules_;
  const Logger& logger_;
  objects::LifecycleSweep sweep_;
  Loop loop_;
};

}  // namespace clary::apps
