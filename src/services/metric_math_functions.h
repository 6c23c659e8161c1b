// What metric math does with values: operators on two, functions on several. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/metric_math.h"

namespace clary::services {

using MathOperator = std::function<double(double, double)>;

// FILL(m, REPEAT)'s second argument: no number that anybody writes.
inline constexpr double kRepeat = -1.7976931348623157e308;

// Number with number, number with series, series with series (at the times that both have), list
// with any of them, two metrics in several units unit by unit. InvalidArgument: two other lists, or
// no unit in common.
Result<MathValue> join_values(const MathValue& left, const MathValue& right,
                              const MathOperator& join);

bool known_function(const std::string& name);
// InvalidArgument names the function and what it wants.
Result<MathValue> call_function(const std::string& name, const std::vector<MathValue>& arguments,
                                const MathNames& names);

}  // namespace clary::services
