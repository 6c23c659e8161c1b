// How many instances a variant should have: pure functions of its target and policies, of what was
// measured, of its last changes and of the time. No I/O, no clock, no thread.
//
// Target tracking, as AWS does it: more instances when a metric lay above its target for three
// periods in a row, fewer when it lay below nine tenths of it for fifteen. Several policies: the
// highest number that one of them wants, and fewer only when all agree. Steps are taken while an
// alarm is off; while none is, a policy of steps wants nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/scaling.h"

namespace clary::hosting {

// Periods that a metric lies above, or below, before anything is done.
inline constexpr std::size_t kPeriodsOut = 3;
inline constexpr std::size_t kPeriodsIn = 15;

// A policy and the last periods of its metric, the oldest first; nothing where it was not measured.
// Periods that began before the policy or the endpoint last changed are not among them.
struct MeasuredPolicy {
  domain::ScalingPolicy policy;
  std::vector<std::optional<double>> periods;
  // Of a policy of steps: an alarm that is off, by what was measured since the endpoint changed.
  struct OffAlarm {
    std::string name;
    double distance = 0;  // of its metric from its threshold
  };
  std::optional<OffAlarm> off{};
};

struct ScalingChoice {
  int count = 0;
  std::string cause;
};

// Nothing: it stays as it is. current: instances wanted now.
std::optional<ScalingChoice> choose_count(const domain::ScalableTarget& target,
                                          const domain::ScalingMemory& memory, int current,
                                          std::span<const MeasuredPolicy> policies, TimePoint now);

}  // namespace clary::hosting
