// Metric math: CloudWatch's expressions over series, of the basic kind.
//
//   m1 / m2 * 100      -m1 ^ 2      SUM(METRICS())      FILL(m1, 0)      IF(m1 > 0.5, 1, 0)
//
// Numbers, the ids of other queries, + - * / ^, comparisons, AND (&&), OR (||), brackets; ABS,
// CEIL, FLOOR, LOG, LOG10, SQRT, SUM, AVG, MIN, MAX, STDDEV, DIFF, RATE, RUNNING_SUM, FILL (a
// number or REPEAT), PERIOD, IF and METRICS. Two series meet at the times that both have. Metrics
// that were each put in several units meet unit by unit; one of a single unit meets each. Pure; any
// thread. Source: "Using metric math", CloudWatch User Guide.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace clary::services {

// The most points of one series, and of all that one expression takes in or one request keeps.
// Source of the first: CloudWatch's quotas; the second keeps a request within some 100 MB.
inline constexpr std::int64_t kMostPeriods = 100'800;
inline constexpr std::int64_t kMostPeriodsTogether = 5'000'000;

struct MathSeries {
  std::vector<std::pair<TimePoint, double>> points;  // by time, each once
  std::int64_t period_seconds = 60;
  std::string unit;  // of a metric's points; "": of what METRICS() and [m1, m2] list

  std::optional<double> at(TimePoint time) const;
  // After the last point; a value that is not finite is left out, as CloudWatch does.
  void add(TimePoint time, double value);
};
// Several series at once: METRICS(), and a metric that was put in several units, each with its own.
using MathValue = std::variant<double, MathSeries, std::vector<MathSeries>>;
// What a value holds in memory; a number has none.
std::int64_t points_of(const MathValue& value);

// What an expression may name.
struct MathNames {
  const std::map<std::string, MathValue>& values;  // of the other queries, by id
  const std::vector<std::string>& metrics;         // the ids that METRICS() means
  TimePoint start, end;                            // of the request, for FILL
};

// The ids that an expression names; METRICS counts as `metrics`. InvalidArgument: it cannot be
// read.
Result<std::vector<std::string>> math_ids(std::string_view expression,
                                          const std::vector<std::string>& metrics);

// InvalidArgument: it cannot be read, names what is not there, mixes kinds, or takes in too much.
Result<MathValue> evaluate_math(std::string_view expression, const MathNames& names);

}  // namespace clary::services
