#include "hosting/scaling_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "hosting/alarm_check.h"

namespace clary::hosting {

using domain::ScalableTarget;
using domain::ScalingMemory;
using domain::TrackingRule;

namespace {

// Where the low alarms stand that AWS makes of a target.
constexpr double kLowShare = 0.9;
// More than any variant has; keeps what is wanted within int.
constexpr double kMostWanted = 1e6;

int wanted(double current, double measured, double target) {
  return static_cast<int>(std::clamp(std::ceil(current * measured / target), 0.0, kMostWanted));
}

// The last of them, when there are so many and all were measured.
std::optional<std::span<const std::optional<double>>> last_measured(const MeasuredPolicy& measured,
                                                                    std::size_t count) {
  if (measured.periods.size() < count) return std::nullopt;
  const auto last = std::span(measured.periods).last(count);
  if (!std::ranges::all_of(last, [](const auto& value) { return value.has_value(); }))
    return std::nullopt;
  return last;
}

// What its steps make of the instances, while an alarm is off.
std::optional<ScalingChoice> step_of(const MeasuredPolicy& measured, int current) {
  if (!measured.off) return std::nullopt;
  const auto count = step_count(*measured.policy.steps, current, measured.off->distance);
  if (!count) return std::nullopt;
  return ScalingChoice{.count = std::max(*count, 0),
                       .cause = fmt::format("monitor alarm {} in state ALARM triggered policy {}",
                                            measured.off->name, measured.policy.name)};
}

std::int64_t cooldown_of(const domain::ScalingPolicy& policy, std::int64_t of_tracking) {
  return policy.steps ? policy.steps->cooldown_seconds : of_tracking;
}

// More instances than there are, or nothing.
std::optional<ScalingChoice> out_of(const MeasuredPolicy& measured, int current) {
  if (measured.policy.steps) {
    auto step = step_of(measured, current);
    return step && step->count > current ? step : std::nullopt;
  }
  const TrackingRule& rule = measured.policy.tracking;
  const auto last = last_measured(measured, kPeriodsOut);
  if (!last) return std::nullopt;
  double sum = 0;
  for (const auto& value : *last) {
    if (!(*value > rule.value)) return std::nullopt;
    sum += *value;
  }
  const double mean = sum / static_cast<double>(kPeriodsOut);
  return ScalingChoice{
      .count = std::max(wanted(current, mean, rule.value), current + 1),
      .cause = fmt::format("{} was above {:g} in {} periods in a row, {:g} on average: triggered "
                           "policy {}",
                           rule.metric.name, rule.value, kPeriodsOut, mean, measured.policy.name)};
}

// As few instances as the busiest period needs; nothing: the policy is against fewer.
std::optional<ScalingChoice> in_of(const MeasuredPolicy& measured, int current) {
  if (measured.policy.steps) {
    auto step = step_of(measured, current);
    return step && step->count < current ? step : std::nullopt;
  }
  const TrackingRule& rule = measured.policy.tracking;
  const auto last = last_measured(measured, kPeriodsIn);
  if (!last) return std::nullopt;
  double most = 0;
  for (const auto& value : *last) {
    if (!(*value < kLowShare * rule.value)) return std::nullopt;
    most = std::max(most, *value);
  }
  return ScalingChoice{
      .count = wanted(current, most, rule.value),
      .cause = fmt::format("{} was below {:g} in {} periods in a row, {:g} at most: triggered "
                           "policy {}",
                           rule.metric.name, kLowShare * rule.value, kPeriodsIn, most,
                           measured.policy.name)};
}

bool is_within(const std::optional<ScalingMemory::Change>& change, std::int64_t cooldown_seconds,
               TimePoint now) {
  return change && now - change->at < std::chrono::seconds(cooldown_seconds);
}

std::optional<ScalingChoice> most_out(const ScalableTarget& target, const ScalingMemory& memory,
                                      int current, std::span<const MeasuredPolicy> policies,
                                      TimePoint now) {
  std::optional<ScalingChoice> most;
  for (const MeasuredPolicy& measured : policies) {
    std::optional<ScalingChoice> choice = out_of(measured, current);
    if (!choice) continue;
    choice->count = std::min(choice->count, target.maximum);
    // Within the cooldown only what adds more than the change before.
    const auto& last = memory.last_out;
    const std::int64_t cooldown =
        cooldown_of(measured.policy, measured.policy.tracking.out_cooldown_seconds);
    if (is_within(last, cooldown, now) && choice->count - current <= last->to - last->from)
      continue;
    if (choice->count > current && (!most || choice->count > most->count)) most = choice;
  }
  return most;
}

std::optional<ScalingChoice> least_in(const ScalableTarget& target, const ScalingMemory& memory,
                                      int current, std::span<const MeasuredPolicy> policies,
                                      TimePoint now) {
  std::optional<ScalingChoice> most;
  for (const MeasuredPolicy& measured : policies) {
    const TrackingRule& rule = measured.policy.tracking;
    if (rule.never_in) continue;
    std::optional<ScalingChoice> choice = in_of(measured, current);
    if (!choice && measured.policy.steps) continue;
    const std::int64_t cooldown = cooldown_of(measured.policy, rule.in_cooldown_seconds);
    if (!choice || is_within(memory.last_in, cooldown, now)) return std::nullopt;
    choice->count = std::max(choice->count, target.minimum);
    if (!most || choice->count > most->count) most = choice;
  }
  return most && most->count < current ? most : std::nullopt;
}

}  // namespace

std::optional<ScalingChoice> choose_count(const ScalableTarget& target, const ScalingMemory& memory,
                                          int current, std::span<const MeasuredPolicy> policies,
                                          TimePoint now) {
  if (policies.empty()) return std::nullopt;
  if (current < target.minimum) {
    if (target.out_suspended) return std::nullopt;
    return ScalingChoice{.count = target.minimum,
                         .cause = fmt::format("minimum capacity was set to {}", target.minimum)};
  }
  if (current > target.maximum) {
    if (target.in_suspended) return std::nullopt;
    return ScalingChoice{.count = target.maximum,
                         .cause = fmt::format("maximum capacity was set to {}", target.maximum)};
  }
  const bool any_out = std::ranges::any_of(policies, [current](const MeasuredPolicy& measured) {
    return out_of(measured, current).has_value();
  });
  if (any_out) {
    if (target.out_suspended) return std::nullopt;
    return most_out(target, memory, current, policies, now);
  }
  if (target.in_suspended) return std::nullopt;
  return least_in(target, memory, current, policies, now);
}

}  // namespace clary::hosting
