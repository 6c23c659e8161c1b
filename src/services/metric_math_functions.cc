#include "services/metric_math_functions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace clary::services {
namespace {

using std::chrono::seconds;

MathSeries joined(const MathSeries& left, const MathSeries& right, const MathOperator& join) {
  MathSeries out{.points = {}, .period_seconds = left.period_seconds, .unit = left.unit};
  for (const auto& [time, value] : left.points) {
    if (const auto other = right.at(time)) out.add(time, join(value, *other));
  }
  return out;
}

template <typename Change>
MathSeries mapped(const MathSeries& series, Change change) {
  MathSeries out{.points = {}, .period_seconds = series.period_seconds, .unit = series.unit};
  for (const auto& [time, value] : series.points) out.add(time, change(value));
  return out;
}

std::optional<double> apply(const std::string& name, double value) {
  if (name == "ABS") return std::abs(value);
  if (name == "CEIL") return std::ceil(value);
  if (name == "FLOOR") return std::floor(value);
  if (name == "LOG") return std::log(value);
  if (name == "LOG10") return std::log10(value);
  if (name == "SQRT") return std::sqrt(value);
  return std::nullopt;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// values: not empty.
std::optional<double> summed_up(const std::string& name, const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  if (name == "SUM") return sum_of(values);
  if (name == "AVG") return sum_of(values) / count;
  if (name == "MIN") return *std::ranges::min_element(values);
  if (name == "MAX") return *std::ranges::max_element(values);
  if (name != "STDDEV") return std::nullopt;
  const double mean = sum_of(values) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / count);
}

// A series becomes one number, a list of series one series.
Result<MathValue> sum_up(const std::string& name, const MathValue& argument) {
  if (const auto* series = std::get_if<MathSeries>(&argument)) {
    std::vector<double> values;
    for (const auto& [time, value] : series->points) values.push_back(value);
    if (values.empty()) return MathValue(MathSeries{});
    return MathValue(*summed_up(name, values));
  }
  const auto* list = std::get_if<std::vector<MathSeries>>(&argument);
  if (list == nullptr) return invalid_argument(name + " takes a series or several");
  std::map<TimePoint, std::vector<double>> columns;
  MathSeries out;
  for (const MathSeries& series : *list) {
    out.period_seconds = series.period_seconds;
    for (const auto& [time, value] : series.points) columns[time].push_back(value);
  }
  for (const auto& [time, values] : columns) out.add(time, *summed_up(name, values));
  return MathValue(std::move(out));
}

// The difference to the point before; RATE divides it by the seconds between the two.
MathSeries differences(const MathSeries& series, bool per_second) {
  MathSeries out{.points = {}, .period_seconds = series.period_seconds, .unit = series.unit};
  auto before = series.points.begin();
  for (auto at = series.points.begin(); at != series.points.end(); before = at++) {
    if (at == before) continue;
    const double elapsed = std::chrono::duration<double>(at->first - before->first).count();
    out.add(at->first, (at->second - before->second) / (per_second ? elapsed : 1.0));
  }
  return out;
}

MathSeries running_sum(const MathSeries& series) {
  double sum = 0;
  return mapped(series, [&sum](double value) { return sum += value; });
}

MathSeries filled(const MathSeries& series, double with, const MathNames& names) {
  MathSeries out{.points = {}, .period_seconds = series.period_seconds, .unit = series.unit};
  const Duration period = seconds(series.period_seconds);
  std::optional<double> last;
  for (TimePoint time = names.start - names.start.time_since_epoch() % period; time < names.end;
       time += period) {
    const std::optional<double> found = series.at(time);
    if (found) last = found;
    if (found || with != kRepeat) {
      out.add(time, found.value_or(with));
    } else if (last) {
      out.add(time, *last);
    }
  }
  return out;
}

Result<MathValue> call_fill(const std::vector<MathValue>& arguments, const MathNames& names) {
  const bool pair = arguments.size() == 2;
  const auto* with = pair ? std::get_if<double>(&arguments[1]) : nullptr;
  const auto* series = pair ? std::get_if<MathSeries>(&arguments[0]) : nullptr;
  const auto* list = pair ? std::get_if<std::vector<MathSeries>>(&arguments[0]) : nullptr;
  if (with == nullptr || (series == nullptr && list == nullptr))
    return invalid_argument("FILL takes series, and a number or REPEAT");
  std::int64_t together = 0;
  const auto too_many = [&](const MathSeries& one) {
    const std::int64_t periods = (names.end - names.start) / seconds(one.period_seconds);
    together += periods;
    return periods > kMostPeriods || together > kMostPeriodsTogether;
  };
  if (series != nullptr ? too_many(*series) : std::ranges::any_of(*list, too_many)) {
    return invalid_argument(
        "FILL makes 100,800 points of a series at most, and 5,000,000 of several");
  }
  if (series != nullptr) return MathValue(filled(*series, *with, names));
  std::vector<MathSeries> out;
  for (const MathSeries& one : *list) out.push_back(filled(one, *with, names));
  return MathValue(std::move(out));
}

// Whether a list is one metric in several units.
bool has_units(const MathValue& value) {
  const auto* list = std::get_if<std::vector<MathSeries>>(&value);
  return list != nullptr && !list->empty() &&
         std::ranges::none_of(*list, [](const MathSeries& one) { return one.unit.empty(); });
}

// What a value is in one unit: of a metric in several, that series, or none.
MathValue in_unit(const MathValue& value, const std::string& unit) {
  if (!has_units(value)) return value;
  const auto& list = std::get<std::vector<MathSeries>>(value);
  const auto found = std::ranges::find(list, unit, &MathSeries::unit);
  return found == list.end() ? MathSeries{} : *found;
}

Result<MathValue> join_units(const std::vector<MathSeries>& left,
                             const std::vector<MathSeries>& right, const MathOperator& join) {
  std::vector<MathSeries> out;
  for (const MathSeries& one : left) {
    const auto other = std::ranges::find(right, one.unit, &MathSeries::unit);
    if (other != right.end()) out.push_back(joined(one, *other, join));
  }
  if (out.empty()) return invalid_argument("the two have no unit in common: name a Unit of each");
  return MathValue(std::move(out));
}

// A value as it is at a time: a number always, a series where it has a point.
std::optional<double> value_at(const MathValue& value, TimePoint time) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* series = std::get_if<MathSeries>(&value);
  return series == nullptr ? std::nullopt : series->at(time);
}

Result<MathValue> call_if(const std::vector<MathValue>& arguments) {
  if (arguments.size() != 2 && arguments.size() != 3)
    return invalid_argument("IF takes a condition, a value and another value");
  if (const auto* condition = std::get_if<double>(&arguments[0])) {
    if (*condition != 0) return arguments[1];
    return arguments.size() == 3 ? arguments[2] : MathValue(MathSeries{});
  }
  if (const auto several = std::ranges::find_if(arguments, has_units); several != arguments.end()) {
    std::vector<MathSeries> all;
    for (const MathSeries& one : std::get<std::vector<MathSeries>>(*several)) {
      std::vector<MathValue> of_unit;
      for (const MathValue& argument : arguments) of_unit.push_back(in_unit(argument, one.unit));
      CLARY_TRY(MathValue value, call_if(of_unit));
      all.push_back(std::get<MathSeries>(std::move(value)));
      all.back().unit = one.unit;
    }
    return MathValue(std::move(all));
  }
  const auto* condition = std::get_if<MathSeries>(&arguments[0]);
  if (condition == nullptr) return invalid_argument("IF's condition is one series");
  MathSeries out{.points = {}, .period_seconds = condition->period_seconds};
  for (const auto& [time, truth] : condition->points) {
    const std::size_t branch = truth != 0 ? 1 : 2;
    if (branch >= arguments.size()) continue;
    if (const auto value = value_at(arguments[branch], time)) out.add(time, *value);
  }
  return MathValue(std::move(out));
}

Result<MathValue> call_on_series(const std::string& name, const MathValue& argument) {
  if (const auto* number = std::get_if<double>(&argument)) {
    if (const auto value = apply(name, *number)) return MathValue(*value);
    return invalid_argument(name + " takes a series");
  }
  const auto change = [&name](const MathSeries& series) -> MathValue {
    if (name == "DIFF") return differences(series, false);
    if (name == "RATE") return differences(series, true);
    if (name == "RUNNING_SUM") return running_sum(series);
    if (name == "PERIOD") return static_cast<double>(series.period_seconds);
    return mapped(series, [&name](double value) { return *apply(name, value); });
  };
  if (const auto* series = std::get_if<MathSeries>(&argument)) return change(*series);
  if (name == "PERIOD" && has_units(argument))
    return change(std::get<std::vector<MathSeries>>(argument).front());
  if (name == "PERIOD") return invalid_argument("PERIOD takes one series");
  std::vector<MathSeries> out;
  for (const MathSeries& series : std::get<std::vector<MathSeries>>(argument))
    out.push_back(std::get<MathSeries>(change(series)));
  return MathValue(std::move(out));
}

}  // namespace

Result<MathValue> join_values(const MathValue& left, const MathValue& right,
                              const MathOperator& join) {
  const auto* a = std::get_if<double>(&left);
  const auto* b = std::get_if<double>(&right);
  if (a != nullptr && b != nullptr) return MathValue(join(*a, *b));
  const auto* first = std::get_if<MathSeries>(&left);
  const auto* second = std::get_if<MathSeries>(&right);
  if (first != nullptr && second != nullptr) return MathValue(joined(*first, *second, join));
  if (first != nullptr && b != nullptr)
    return MathValue(mapped(*first, [&](double value) { return join(value, *b); }));
  if (a != nullptr && second != nullptr)
    return MathValue(mapped(*second, [&](double value) { return join(*a, value); }));
  const auto* list = std::get_if<std::vector<MathSeries>>(&left);
  const bool list_left = list != nullptr;
  if (!list_left) list = std::get_if<std::vector<MathSeries>>(&right);
  const MathValue& other = list_left ? right : left;
  if (const auto* second_list = std::get_if<std::vector<MathSeries>>(&other)) {
    if (has_units(left) && has_units(right)) return join_units(*list, *second_list, join);
    return invalid_argument("two lists of series cannot be joined");
  }
  std::vector<MathSeries> out;
  for (const MathSeries& series : *list) {
    CLARY_TRY(MathValue one,
              list_left ? join_values(series, other, join) : join_values(other, series, join));
    out.push_back(std::get<MathSeries>(std::move(one)));
    out.back().unit = series.unit;
  }
  return MathValue(std::move(out));
}

bool known_function(const std::string& name) {
  constexpr std::string_view kKnown[] = {"ABS",  "CEIL",        "FLOOR", "LOG",    "LOG10",  "SQRT",
                                         "SUM",  "AVG",         "MIN",   "MAX",    "STDDEV", "DIFF",
                                         "RATE", "RUNNING_SUM", "FILL",  "PERIOD", "IF"};
  return std::ranges::find(kKnown, name) != std::ranges::end(kKnown);
}

Result<MathValue> call_function(const std::string& name, const std::vector<MathValue>& arguments,
                                const MathNames& names) {
  if (!known_function(name)) return invalid_argument("no function is called " + name);
  if (name == "FILL") return call_fill(arguments, names);
  if (name == "IF") return call_if(arguments);
  if (arguments.size() != 1) return invalid_argument(name + " takes one argument");
  if (summed_up(name, {0.0})) return sum_up(name, arguments.front());
  return call_on_series(name, arguments.front());
}

}  // namespace clary::services
