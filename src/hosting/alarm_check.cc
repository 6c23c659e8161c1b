#include "hosting/alarm_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace clary::hosting {

using domain::Alarm;
using domain::AlarmState;
using domain::StepAdjustment;
using domain::StepRule;

namespace {

constexpr double kMostInstances = 1e6;

bool breaches(const Alarm& alarm, double value) {
  if (alarm.comparison == "GreaterThanThreshold") return value > alarm.threshold;
  if (alarm.comparison == "GreaterThanOrEqualToThreshold") return value >= alarm.threshold;
  if (alarm.comparison == "LessThanThreshold") return value < alarm.threshold;
  return value <= alarm.threshold;
}

// Lower bounds of what lies above the threshold belong to the step, upper ones do not; below it is
// the other way round. Source: "Step adjustments", Application Auto Scaling User Guide.
bool is_for(const StepAdjustment& step, double distance) {
  if (distance >= 0) {
    return (!step.lower || distance >= *step.lower) && (!step.upper || distance < *step.upper);
  }
  return (!step.lower || distance > *step.lower) && (!step.upper || distance <= *step.upper);
}

// Source: the same guide: numbers above 1 are rounded down, those between 0 and 1 are 1; below 0
// likewise.
int instances_of(int percent, int current, int least_change) {
  const double exact = static_cast<double>(current) * percent / 100;
  int change = static_cast<int>(std::clamp(std::trunc(exact), -kMostInstances, kMostInstances));
  if (change == 0 && percent != 0) change = percent > 0 ? 1 : -1;
  if (percent != 0 && std::abs(change) < least_change)
    change = percent > 0 ? least_change : -least_change;
  return change;
}

}  // namespace

AlarmState check_alarm(const Alarm& alarm, const AlarmState& before,
                       std::span<const std::optional<double>> values, TimePoint last_start,
                       TimePoint now) {
  AlarmState state = before;
  state.measured = last_start;
  state.last.reset();
  int breaching = 0;
  int counted = 0;
  for (const std::optional<double>& value : values) {
    if (value) state.last = value;
    if (!value && alarm.missing != "breaching" && alarm.missing != "notBreaching") continue;
    ++counted;
    if (value ? breaches(alarm, *value) : alarm.missing == "breaching") ++breaching;
  }
  if (counted == 0 && alarm.missing == "ignore") return state;
  state.value = counted == 0 ? "INSUFFICIENT_DATA" : breaching >= alarm.datapoints ? "ALARM" : "OK";
  if (state.value == before.value) return state;
  state.reason = counted == 0
                     ? std::string("Insufficient Data: no sample was given in the last periods.")
                     : fmt::format("Threshold Crossed: {} of the last {} periods were {} {:g}.",
                                   breaching, values.size(), alarm.comparison, alarm.threshold);
  state.updated = now;
  state.since = now;
  return state;
}

std::optional<int> step_count(const StepRule& rule, int current, double distance) {
  const auto step = std::ranges::find_if(
      rule.steps, [distance](const StepAdjustment& one) { return is_for(one, distance); });
  if (step == rule.steps.end()) return std::nullopt;
  if (rule.kind == "ExactCapacity") return step->adjustment;
  if (rule.kind == "PercentChangeInCapacity")
    return current + instances_of(step->adjustment, current, rule.least_change);
  return current + step->adjustment;
}

}  // namespace clary::hosting
