// Scaling by itself: which variants may be scaled and how far, the rules by which they are, and
// what was done. Pure records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/names.h"

namespace clary::domain {

// A variant of an endpoint, as scaling names it: "endpoint/NAME/variant/VARIANT".
struct ScaledVariant {
  EndpointName endpoint;
  std::string variant;
  friend bool operator==(const ScaledVariant&, const ScaledVariant&) = default;
};
// Nothing: the text names none.
std::optional<ScaledVariant> scaled_variant_of(const std::string& resource);

struct ScalableTarget {
  std::string resource;  // "endpoint/NAME/variant/VARIANT"
  std::string arn;
  std::string role;
  int minimum = 1;
  int maximum = 1;
  bool in_suspended = false;   // instances are not taken away by rules
  bool out_suspended = false;  // nor added
  TimePoint created;
  friend bool operator==(const ScalableTarget&, const ScalableTarget&) = default;
};

// A series of CloudWatch, and how a period of it is summed up.
struct ScalingMetric {
  std::string space;
  std::string name;
  std::vector<std::pair<std::string, std::string>> dimensions;  // sorted by name
  std::string statistic = "Average";  // Average, Minimum, Maximum, SampleCount or Sum
  std::string unit;                   // "": whatever it was measured in
  bool zero_when_absent = false;      // a period without a sample is one of 0
  friend bool operator==(const ScalingMetric&, const ScalingMetric&) = default;
};

// Keeps a metric that falls with the number of instances near a value.
struct TrackingRule {
  double value = 0;  // more than 0
  ScalingMetric metric;
  std::int64_t out_cooldown_seconds = 300;
  std::int64_t in_cooldown_seconds = 300;
  bool never_in = false;
  friend bool operator==(const TrackingRule&, const TrackingRule&) = default;
};

// What an alarm that has gone off does, by how far its metric lies from its threshold.
struct StepAdjustment {
  std::optional<double> lower, upper;  // of that distance; absent: without end
  int adjustment = 0;
  friend bool operator==(const StepAdjustment&, const StepAdjustment&) = default;
};
struct StepRule {
  std::string kind = "ChangeInCapacity";  // or PercentChangeInCapacity, ExactCapacity
  std::vector<StepAdjustment> steps;
  int least_change = 0;  // of a percentage, in instances
  std::int64_t cooldown_seconds = 300;
  friend bool operator==(const StepRule&, const StepRule&) = default;
};

struct ScalingPolicy {
  std::string name;
  std::string resource;
  std::string arn;
  std::string request;            // JSON, as it was asked for
  TrackingRule tracking;          // unless there are steps
  std::optional<StepRule> steps;  // taken while an alarm that names the policy is off
  TimePoint created;
  TimePoint modified;
  friend bool operator==(const ScalingPolicy&, const ScalingPolicy&) = default;
};

// kInProgress → any other.
enum class ScalingOutcome {
  kInProgress,
  kSuccessful,
  kOverridden,   // somebody else has chosen another number meanwhile
  kUnfulfilled,  // nobody has waited for its end
  kFailed,
};

struct ScalingActivity {
  std::string id;
  std::string resource;
  int from = 0;  // instances
  int to = 0;
  std::string cause;
  ScalingOutcome outcome = ScalingOutcome::kInProgress;
  std::string failure;  // why, of kUnfulfilled and kFailed
  TimePoint begun;
  std::optional<TimePoint> ended;
  friend bool operator==(const ScalingActivity&, const ScalingActivity&) = default;
};

// What scaling remembers of a target from one look to the next.
struct ScalingMemory {
  struct Change {
    TimePoint at;
    int from = 0;
    int to = 0;
    friend bool operator==(const Change&, const Change&) = default;
  };
  std::string resource;
  std::optional<ScalingActivity> running;  // its change of the endpoint is under way
  std::optional<Change> last_out;
  std::optional<Change> last_in;
  friend bool operator==(const ScalingMemory&, const ScalingMemory&) = default;
};

}  // namespace clary::domain
