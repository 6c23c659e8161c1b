// Expressions of GetMetricData: each is refused or has a value, all of it finite but a number, of
// no more points than one expression may make, and names no other ids than it was said to.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "services/metric_math.h"

namespace {

using namespace clary::services;  // NOLINT(google-build-using-namespace): the target is this header

void check_series(const MathSeries& series) {
  CLARY_CHECK(
      std::ranges::is_sorted(series.points, {}, &std::pair<clary::TimePoint, double>::first));
  for (const auto& [time, value] : series.points) CLARY_CHECK(std::isfinite(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  if (size > 1024) return 0;
  const clary::TimePoint start{std::chrono::seconds(1'700'000'040)};
  const auto at = [start](int minute) { return start + std::chrono::minutes(minute); };
  const std::map<std::string, MathValue> values = {
      {"m1", MathSeries{.points = {{at(0), 1}, {at(1), 0}, {at(3), -4}}}},
      {"m2", MathSeries{.points = {{at(1), 1e308}, {at(2), 20}}}},
      {"e", MathSeries{}}};
  const std::vector<std::string> metrics = {"m1", "m2", "e"};
  const auto ids = math_ids(expression, metrics);
  const auto value = evaluate_math(
      expression, {.values = values, .metrics = metrics, .start = start, .end = at(60)});
  if (!value.ok()) return 0;
  CLARY_CHECK(ids.ok());
  for (const std::string& id : *ids) CLARY_CHECK(values.contains(id));
  CLARY_CHECK(points_of(*value) <= 2 * kMostPeriodsTogether);
  if (const auto* series = std::get_if<MathSeries>(&*value)) check_series(*series);
  if (const auto* list = std::get_if<std::vector<MathSeries>>(&*value))
    std::ranges::for_each(*list, check_series);
  return 0;
}
