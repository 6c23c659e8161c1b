// ScalingRecords: targets, policies and activities of scaling, kept in a store of small records.
//
// A policy has a target, and goes with it. Thread-safe; one call at a time, so that what is removed
// is not written back by who had read it. Calls may block on a disk or a network.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "domain/record_store.h"
#include "domain/scaling.h"

namespace clary::domain {

class ScalingRecords {
 public:
  explicit ScalingRecords(RecordStore& store) : store_(store) {}  // outlives it

  Status put_target(const ScalableTarget& target);  // replaces
  Result<ScalableTarget> find_target(const std::string& resource);
  Result<std::vector<ScalableTarget>> targets();  // by resource
  // With its policies, and what is remembered of it; a change under way is unfulfilled, for why.
  // NotFound.
  Status remove_target(const std::string& resource, const std::string& why, TimePoint now);

  Status put_policy(const ScalingPolicy& policy);  // replaces. NotFound: it has no target
  Result<ScalingPolicy> find_policy(const std::string& resource, const std::string& name);
  // Of a target, or of all for ""; by resource and name.
  Result<std::vector<ScalingPolicy>> policies(const std::string& resource);
  Status remove_policy(const std::string& resource, const std::string& name);  // NotFound

  // Nothing of a target that was never scaled.
  Result<ScalingMemory> memory(const std::string& resource);
  // Passed over when the target is not there any more.
  Status put_memory(const ScalingMemory& memory);

  struct ActivityPage {
    std::vector<ScalingActivity> activities;  // the newest first
    std::string next;                         // `after` of the next page; "" at the end
  };
  Status put_activity(const ScalingActivity& activity);  // replaces
  Status remove_activity(const ScalingActivity& activity);
  // Of a target, or of all for "". after: "" at the beginning.
  Result<ActivityPage> activities(const std::string& resource, const std::string& after,
                                  std::size_t limit);
  // Those that began before.
  Status forget_activities(TimePoint before);

 private:
  Result<ScalingMemory> memory_of(const std::string& resource) CLARY_REQUIRES(mutex_);
  Status write_activity(const ScalingActivity& activity) CLARY_REQUIRES(mutex_);
  Result<std::vector<KeptRecord>> policy_records(const std::string& resource)
      CLARY_REQUIRES(mutex_);

  Mutex mutex_;
  RecordStore& store_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
