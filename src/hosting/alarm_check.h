// How an alarm stands: a pure function of its metric's last periods and of how it stood.
#pragma once

#include <optional>
#include <span>

#include "base/clock.h"
#include "domain/alarm.h"

namespace clary::hosting {

// The alarm goes off when enough of the periods breach its threshold. A period without a sample
// breaches, does not, or does not count, as the alarm says; when none counts it stays as it was
// ("ignore") or there is too little data.
// values: of the last periods, the oldest first; last_start: when the last of them began.
domain::AlarmState check_alarm(const domain::Alarm& alarm, const domain::AlarmState& before,
                               std::span<const std::optional<double>> values, TimePoint last_start,
                               TimePoint now);

// How many instances the rule makes of so many, for a metric that lies so far above the threshold
// (negative: below). Nothing: no step is for that distance.
std::optional<int> step_count(const domain::StepRule& rule, int current, double distance);

}  // namespace clary::hosting
