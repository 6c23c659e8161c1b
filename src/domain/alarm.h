// An alarm of CloudWatch: a metric held against a threshold. Pure records; words are AWS's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/scaling.h"

namespace clary::domain {

struct Alarm {
  std::string name;
  std::string arn;
  std::string request;  // JSON, as it was asked for
  ScalingMetric metric;
  std::int64_t period_seconds = 60;
  int periods = 1;     // that are looked at
  int datapoints = 1;  // of them that must breach
  std::string comparison = "GreaterThanThreshold";
  double threshold = 0;
  std::string missing = "missing";  // or breaching, notBreaching, ignore
  bool acts = true;
  std::vector<std::string> actions;  // ARNs of scaling policies, when it goes off
  TimePoint modified;
  friend bool operator==(const Alarm&, const Alarm&) = default;
};

struct AlarmState {
  std::string name;                         // the alarm's
  std::string value = "INSUFFICIENT_DATA";  // or OK, ALARM
  std::string reason = "Unchecked: Initial alarm creation";
  TimePoint updated;
  TimePoint since;  // in this value
  // The last period with a sample: when it began and its value. Of a state that was set by hand:
  // when it was, and no value.
  TimePoint measured;
  std::optional<double> last;
  friend bool operator==(const AlarmState&, const AlarmState&) = default;
};

}  // namespace clary::domain
