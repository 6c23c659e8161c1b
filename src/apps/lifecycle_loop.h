// LifecycleLoop: carries out the buckets' lifecycle rules at an interval.
#pragma once

#include "base/clock.h"
#include "base/logger.h"
#include "base/loop.h"
#include "objects/bucket_settings.h"
#include "objects/lifecycle_sweep.h"

namespace clary::apps {

class LifecycleLoop {
 public:
  // Everything passed outlives it.
  LifecycleLoop(objects::ObjectStore& store, objects::BucketSettings& settings, const Clock& clock,
                const Logger& logger, Duration interval);

 private:
  std::vector<objects::LifecycleRule> rules_of(const BucketName& bucket) const;
  void run();

  objects::BucketSettings& settings_;
  const Logger& logger_;
  objects::LifecycleSweep sweep_;
  Loop loop_;
};

}  // namespace clary::apps
