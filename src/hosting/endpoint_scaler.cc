#include "hosting/endpoint_scaler.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "hosting/alarm_check.h"
#include "hosting/scaling_series.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointStatus;
using domain::EndpointVariant;
using domain::ScalableTarget;
using domain::ScalingActivity;
using domain::ScalingMemory;
using domain::ScalingOutcome;

namespace {

constexpr int kLooksInAPeriod = 6;
constexpr Duration kShortestInterval = std::chrono::milliseconds(100);
// Source: API reference of DescribeScalingActivities: "from the previous six weeks".
constexpr Duration kActivityLife = std::chrono::weeks(6);
constexpr Duration kForgetInterval = std::chrono::hours(1);

}  // namespace

void EndpointScaler::start() {
  MutexLock lock(loop_mutex_);
  loop_ = std::make_unique<Loop>("scaling",
                                 std::max(parts_.period / kLooksInAPeriod, kShortestInterval),
                                 [this](const std::stop_token&) { look(); });
}

void EndpointScaler::stop() {
  std::unique_ptr<Loop> loop;
  MutexLock lock(loop_mutex_);
  loop = std::move(loop_);
}

void EndpointScaler::pause() {
  MutexLock lock(looking_);
  paused_ = true;
}

void EndpointScaler::resume() {
  MutexLock lock(looking_);
  paused_ = false;
}

void EndpointScaler::look() {
  MutexLock lock(looking_);
  if (paused_) return;
  if (const Status looked = look_at_all(); !looked.ok())
    parts_.logger.warning("scaling cannot be looked at", {{"error", looked.error().message}});
}

Status EndpointScaler::look_at_all() {
  const Duration now = parts_.clock.steady();
  if (forgot_ == Duration(0) || now - forgot_ >= kForgetInterval) {
    CLARY_RETURN_IF_ERROR(parts_.records.forget_activities(parts_.clock.now() - kActivityLife));
    forgot_ = now;
  }
  CLARY_RETURN_IF_ERROR(check_alarms());
  CLARY_TRY(const std::vector<ScalableTarget> targets, parts_.records.targets());
  for (const ScalableTarget& target : targets) {
    if (const Status tended = tend(target); !tended.ok()) {
      parts_.logger.warning("a variant cannot be scaled",
                            {{"resource", target.resource}, {"error", tended.error().message}});
    }
  }
  return {};
}

Status EndpointScaler::check_alarms() {
  CLARY_TRY(alarms_, parts_.alarms.all());
  for (auto& [alarm, state] : alarms_) {
    const Duration length = std::chrono::seconds(alarm.period_seconds);
    const PeriodSpan span = last_periods(parts_.clock.now() - parts_.delay, TimePoint(), length,
                                         static_cast<std::size_t>(alarm.periods));
    const TimePoint last_start = span.start + static_cast<std::int64_t>(span.count - 1) * length;
    // A state that was set by hand lasts until a period later than it is over.
    if (last_start <= state.measured) continue;
    CLARY_TRY(const auto values, read_periods(parts_.metrics, alarm.metric, span));
    state = check_alarm(alarm, state, values, last_start, parts_.clock.now());
    const Status kept = parts_.alarms.put_state(state);
    if (!kept.ok() && kept.error().code != ErrorCode::kNotFound) return kept;
  }
  return {};
}

std::optional<MeasuredPolicy::OffAlarm> EndpointScaler::off_alarm(
    const domain::ScalingPolicy& policy, const Endpoint& endpoint) const {
  if (!policy.steps) return std::nullopt;
  for (const auto& [alarm, state] : alarms_) {
    const bool is_off = alarm.acts && state.value == "ALARM" &&
                        std::ranges::count(alarm.actions, policy.arn) > 0 &&
                        state.measured >= std::max(policy.modified, endpoint.modified);
    if (!is_off) continue;
    return MeasuredPolicy::OffAlarm{.name = alarm.name,
                                    .distance = state.last ? *state.last - alarm.threshold : 0};
  }
  return std::nullopt;
}

Status EndpointScaler::tend(const ScalableTarget& target) {
  const auto named = domain::scaled_variant_of(target.resource);
  if (!named) return internal_error("no variant is called so");
  auto found = parts_.endpoints.find_endpoint(named->endpoint);
  if (!found.ok() && found.error().code != ErrorCode::kNotFound) return found.error();
  EndpointVariant* there = found.ok() ? domain::serving_variant(*found, named->variant) : nullptr;
  const bool gone = !found.ok() || found->status == EndpointStatus::kDeleting ||
                    (found->status == EndpointStatus::kInService &&
                     (there == nullptr || there->asked.serverless));
  if (gone) {
    parts_.logger.info("a variant that was removed is not scaled any more",
                       {{"resource", target.resource}});
    return parts_.records.remove_target(target.resource, "The variant was removed.",
                                        parts_.clock.now());
  }
  CLARY_TRY(ScalingMemory memory, parts_.records.memory(target.resource));
  Endpoint endpoint = *std::move(found);
  if (endpoint.status != EndpointStatus::kInService) return {};
  CLARY_RETURN_IF_ERROR(settle(target, endpoint, memory));
  CLARY_TRY(const std::vector<MeasuredPolicy> policies, measured(target, endpoint));
  const EndpointVariant& variant = *domain::serving_variant(endpoint, named->variant);
  const std::optional<ScalingChoice> choice =
      choose_count(target, memory, variant.instances, policies, parts_.clock.now());
  return choice ? scale(target, endpoint, memory, *choice) : Status();
}

Status EndpointScaler::settle(const ScalableTarget& target, Endpoint& endpoint,
                              ScalingMemory& memory) {
  if (!memory.running) return {};
  const std::string name = domain::scaled_variant_of(target.resource)->variant;
  const EndpointVariant& variant = *domain::serving_variant(endpoint, name);
  ScalingActivity activity = *std::exchange(memory.running, std::nullopt);
  activity.ended = parts_.clock.now();
  activity.outcome = ScalingOutcome::kSuccessful;
  if (variant.instances != activity.to) {
    activity.outcome = ScalingOutcome::kOverridden;
  } else if (!endpoint.failure_reason.empty()) {
    activity.outcome = ScalingOutcome::kFailed;
    activity.failure = endpoint.failure_reason;
  }
  const ScalingMemory::Change change{
      .at = *activity.ended, .from = activity.from, .to = activity.to};
  if (activity.to > activity.from) {
    memory.last_out = change;
    memory.last_in.reset();  // adding instances ends the pause between taking them away
  } else {
    memory.last_in = change;
  }
  CLARY_RETURN_IF_ERROR(parts_.records.put_activity(activity));
  return parts_.records.put_memory(memory);
}

Result<std::vector<MeasuredPolicy>> EndpointScaler::measured(const ScalableTarget& target,
                                                             const Endpoint& endpoint) {
  CLARY_TRY(std::vector<domain::ScalingPolicy> policies, parts_.records.policies(target.resource));
  std::vector<MeasuredPolicy> all;
  for (domain::ScalingPolicy& policy : policies) {
    if (policy.steps) {
      const auto off = off_alarm(policy, endpoint);
      all.push_back({.policy = std::move(policy), .periods = {}, .off = off});
      continue;
    }
    const PeriodSpan span =
        last_periods(parts_.clock.now() - parts_.delay,
                     std::max(policy.modified, endpoint.modified), parts_.period, kPeriodsIn);
    CLARY_TRY(auto periods, read_periods(parts_.metrics, policy.tracking.metric, span));
    all.push_back({.policy = std::move(policy), .periods = std::move(periods)});
  }
  return all;
}

// Written down first: a change that nobody knows of must not be.
Status EndpointScaler::scale(const ScalableTarget& target, Endpoint& endpoint,
                             ScalingMemory& memory, const ScalingChoice& choice) {
  const std::string name = domain::scaled_variant_of(target.resource)->variant;
  EndpointVariant& variant = *domain::serving_variant(endpoint, name);
  const ScalingActivity activity{.id = parts_.ids.uuid(),
                                 .resource = target.resource,
                                 .from = variant.instances,
                                 .to = choice.count,
                                 .cause = choice.cause,
                                 .begun = parts_.clock.now()};
  memory.running = activity;
  CLARY_RETURN_IF_ERROR(parts_.records.put_memory(memory));
  CLARY_RETURN_IF_ERROR(parts_.records.put_activity(activity));
  variant.instances = choice.count;
  domain::begin_scaling(endpoint);
  endpoint.modified = parts_.clock.now();
  const Status committed = parts_.endpoints.commit_endpoint(endpoint);
  if (committed.ok()) {
    parts_.logger.info("a variant is scaled", {{"resource", target.resource},
                                               {"from", std::to_string(activity.from)},
                                               {"to", std::to_string(activity.to)},
                                               {"cause", activity.cause}});
    parts_.changes.wake();
    return {};
  }
  memory.running.reset();
  CLARY_RETURN_IF_ERROR(parts_.records.remove_activity(activity));
  CLARY_RETURN_IF_ERROR(parts_.records.put_memory(memory));
  // Somebody else has changed it: the next look sees what it is now.
  const ErrorCode code = committed.error().code;
  return code == ErrorCode::kConflict || code == ErrorCode::kNotFound ? Status() : committed;
}

}  // namespace clary::hosting
