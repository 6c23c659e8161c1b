#include "domain/scaling_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "domain/scaling_json.h"

namespace clary::domain {
namespace {

constexpr const char* kTargetSpace = "scaling-targets";
constexpr const char* kPolicySpace = "scaling-policies";
constexpr const char* kMemorySpace = "scaling-memories";
constexpr const char* kActivitySpace = "scaling-activities";
constexpr std::size_t kActivityPage = 200;

std::string policy_key(const std::string& resource, const std::string& name) {
  return resource + '\n' + name;
}

// Lists are in the order of their keys: so that of the newest is the lowest.
std::string activity_key(TimePoint begun, const std::string& id) {
  const std::int64_t left =
      std::numeric_limits<std::int64_t>::max() - begun.time_since_epoch().count();
  return fmt::format("{:019}-{}", left, id);
}

}  // namespace

Status ScalingRecords::put_target(const ScalableTarget& target) {
  MutexLock lock(mutex_);
  return store_.put(kTargetSpace, {.key = target.resource, .text = target_text(target)});
}

Result<ScalableTarget> ScalingRecords::find_target(const std::string& resource) {
  MutexLock lock(mutex_);
  CLARY_TRY(const KeptRecord record, store_.find(kTargetSpace, resource));
  return read_target(record.text);
}

Result<std::vector<ScalableTarget>> ScalingRecords::targets() {
  MutexLock lock(mutex_);
  CLARY_TRY(const std::vector<KeptRecord> records, list_all(store_, kTargetSpace));
  std::vector<ScalableTarget> targets;
  for (const KeptRecord& record : records) {
    CLARY_TRY(ScalableTarget target, read_target(record.text));
    targets.push_back(std::move(target));
  }
  return targets;
}

Status ScalingRecords::remove_target(const std::string& resource, const std::string& why,
                                     TimePoint now) {
  MutexLock lock(mutex_);
  CLARY_TRY([[maybe_unused]] const KeptRecord target, store_.find(kTargetSpace, resource));
  CLARY_TRY(ScalingMemory memory, memory_of(resource));
  if (memory.running) {
    memory.running->outcome = ScalingOutcome::kUnfulfilled;
    memory.running->failure = why;
    memory.running->ended = now;
    CLARY_RETURN_IF_ERROR(write_activity(*memory.running));
  }
  CLARY_TRY(const std::vector<KeptRecord> policies, policy_records(resource));
  for (const KeptRecord& policy : policies)
    CLARY_RETURN_IF_ERROR(store_.remove(kPolicySpace, policy.key));
  CLARY_RETURN_IF_ERROR(store_.remove(kMemorySpace, resource));
  return store_.remove(kTargetSpace, resource);
}

Status ScalingRecords::put_policy(const ScalingPolicy& policy) {
  MutexLock lock(mutex_);
  CLARY_TRY([[maybe_unused]] const KeptRecord target, store_.find(kTargetSpace, policy.resource));
  return store_.put(kPolicySpace,
                    {.key = policy_key(policy.resource, policy.name), .text = policy_text(policy)});
}

Result<ScalingPolicy> ScalingRecords::find_policy(const std::string& resource,
                                                  const std::string& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const KeptRecord record, store_.find(kPolicySpace, policy_key(resource, name)));
  return read_policy(record.text);
}

Result<std::vector<KeptRecord>> ScalingRecords::policy_records(const std::string& resource) {
  CLARY_TRY(std::vector<KeptRecord> records, list_all(store_, kPolicySpace));
  if (resource.empty()) return records;
  std::erase_if(records, [prefix = policy_key(resource, "")](const KeptRecord& record) {
    return !record.key.starts_with(prefix);
  });
  return records;
}

Result<std::vector<ScalingPolicy>> ScalingRecords::policies(const std::string& resource) {
  MutexLock lock(mutex_);
  CLARY_TRY(const std::vector<KeptRecord> records, policy_records(resource));
  std::vector<ScalingPolicy> policies;
  for (const KeptRecord& record : records) {
    CLARY_TRY(ScalingPolicy policy, read_policy(record.text));
    policies.push_back(std::move(policy));
  }
  return policies;
}

Status ScalingRecords::remove_policy(const std::string& resource, const std::string& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const KeptRecord policy, store_.find(kPolicySpace, policy_key(resource, name)));
  return store_.remove(kPolicySpace, policy.key);
}

Result<ScalingMemory> ScalingRecords::memory(const std::string& resource) {
  MutexLock lock(mutex_);
  return memory_of(resource);
}

Result<ScalingMemory> ScalingRecords::memory_of(const std::string& resource) {
  const auto record = store_.find(kMemorySpace, resource);
  if (record.ok()) return read_memory(record->text);
  if (record.error().code != ErrorCode::kNotFound) return record.error();
  return ScalingMemory{.resource = resource};
}

Status ScalingRecords::put_memory(const ScalingMemory& memory) {
  MutexLock lock(mutex_);
  const auto target = store_.find(kTargetSpace, memory.resource);
  if (!target.ok() && target.error().code == ErrorCode::kNotFound) return {};
  if (!target.ok()) return target.error();
  return store_.put(kMemorySpace, {.key = memory.resource, .text = memory_text(memory)});
}

Status ScalingRecords::put_activity(const ScalingActivity& activity) {
  MutexLock lock(mutex_);
  return write_activity(activity);
}

Status ScalingRecords::write_activity(const ScalingActivity& activity) {
  return store_.put(kActivitySpace, {.key = activity_key(activity.begun, activity.id),
                                     .text = activity_text(activity)});
}

Status ScalingRecords::remove_activity(const ScalingActivity& activity) {
  MutexLock lock(mutex_);
  return store_.remove(kActivitySpace, activity_key(activity.begun, activity.id));
}

Result<ScalingRecords::ActivityPage> ScalingRecords::activities(const std::string& resource,
                                                                const std::string& after,
                                                                std::size_t limit) {
  MutexLock lock(mutex_);
  ActivityPage page;
  std::string last = after;
  for (;;) {
    CLARY_TRY(const std::vector<KeptRecord> records,
              store_.list(kActivitySpace, last, kActivityPage));
    for (const KeptRecord& record : records) {
      CLARY_TRY(ScalingActivity activity, read_activity(record.text));
      if (!resource.empty() && activity.resource != resource) continue;
      if (page.activities.size() == limit) {
        page.next = last;
        return page;
      }
      page.activities.push_back(std::move(activity));
      last = record.key;
    }
    if (records.size() < kActivityPage) return page;
    last = records.back().key;
  }
}

Status ScalingRecords::forget_activities(TimePoint before) {
  MutexLock lock(mutex_);
  for (;;) {
    CLARY_TRY(const std::vector<KeptRecord> records,
              store_.list(kActivitySpace, activity_key(before, "~"), kActivityPage));
    for (const KeptRecord& record : records)
      CLARY_RETURN_IF_ERROR(store_.remove(kActivitySpace, record.key));
    if (records.size() < kActivityPage) return {};
  }
}

}  // namespace clary::domain
