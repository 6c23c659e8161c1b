#include "services/metric_math.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <optional>

#include "base/strings.h"
#include "services/metric_math_functions.h"

namespace clary::services {
namespace {

constexpr int kDeepest = 32;

// Reads and evaluates in one pass; precedence from the loosest: OR, AND, comparison, sum, product,
// sign, power.
class Reader {
 public:
  // names: null while only the ids are wanted; every id then stands for 0.
  Reader(std::string_view text, const MathNames* names, std::vector<std::string>* seen)
      : text_(text), names_(names), seen_(seen) {}

  Result<MathValue> whole() {
    CLARY_TRY(MathValue value, either(0));
    skip();
    if (at_ != text_.size()) return wrong("something stands after its end");
    return value;
  }

 private:
  Error wrong(const std::string& what) const {
    return invalid_argument("Error in expression '" + std::string(text_) + "' at character " +
                            std::to_string(at_ + 1) + ": " + what);
  }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(std::string_view sign) {
    skip();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  std::string word() {
    skip();
    std::string out;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      out += text_[at_++];
    return out;
  }

  Result<MathValue> joined(const MathValue& left, const MathValue& right,
                           const MathOperator& join) {
    Result<MathValue> value = join_values(left, right, join);
    if (!value.ok()) return wrong(value.error().message);
    return value;
  }

  // A word that is an operator: `AND`, but not the beginning of an id such as `ANDs`.
  bool take_word(std::string_view wanted) {
    const std::size_t before = at_;
    if (word() == wanted) return true;
    at_ = before;
    return false;
  }

  Result<MathValue> either(int depth) {
    CLARY_TRY(MathValue left, both(depth));
    while (take("||") || take_word("OR")) {
      CLARY_TRY(const MathValue right, both(depth));
      CLARY_TRY(left, joined(left, right, [](double a, double b) { return a != 0 || b != 0; }));
    }
    return left;
  }

  Result<MathValue> both(int depth) {
    CLARY_TRY(MathValue left, comparison(depth));
    while (take("&&") || take_word("AND")) {
      CLARY_TRY(const MathValue right, comparison(depth));
      CLARY_TRY(left, joined(left, right, [](double a, double b) { return a != 0 && b != 0; }));
    }
    return left;
  }

  Result<MathValue> comparison(int depth) {
    CLARY_TRY(MathValue left, sum(depth));
    static const std::pair<std::string_view, MathOperator> kSigns[] = {
        {"==", std::equal_to<>()},      {"!=", std::not_equal_to<>()}, {"<=", std::less_equal<>()},
        {">=", std::greater_equal<>()}, {"<", std::less<>()},          {">", std::greater<>()}};
    for (const auto& [sign, join] : kSigns) {
      if (!take(sign)) continue;
      CLARY_TRY(const MathValue right, sum(depth));
      return joined(left, right, join);
    }
    return left;
  }

  Result<MathValue> sum(int depth) {
    CLARY_TRY(MathValue left, product(depth));
    for (;;) {
      const bool plus = take("+");
      if (!plus && !take("-")) return left;
      CLARY_TRY(const MathValue right, product(depth));
      CLARY_TRY(left,
                plus ? joined(left, right, std::plus<>()) : joined(left, right, std::minus<>()));
    }
  }

  Result<MathValue> product(int depth) {
    CLARY_TRY(MathValue left, signed_value(depth));
    for (;;) {
      const bool times = take("*");
      if (!times && !take("/")) return left;
      CLARY_TRY(const MathValue right, signed_value(depth));
      CLARY_TRY(left, times ? joined(left, right, std::multiplies<>())
                            : joined(left, right, std::divides<>()));
    }
  }

  Result<MathValue> signed_value(int depth) {
    if (depth > kDeepest) return wrong("too many brackets inside each other");
    if (!take("-")) return power(depth);
    CLARY_TRY(const MathValue value, signed_value(depth + 1));
    return joined(MathValue(-1.0), value, std::multiplies<>());
  }

  Result<MathValue> power(int depth) {
    CLARY_TRY(MathValue base, one(depth));
    if (!take("^")) return base;
    CLARY_TRY(const MathValue exponent, signed_value(depth + 1));
    return joined(base, exponent, [](double a, double b) { return std::pow(a, b); });
  }

  Result<MathValue> one(int depth) {
    if (depth > kDeepest) return wrong("too many brackets inside each other");
    if (take("(")) {
      CLARY_TRY(MathValue value, either(depth + 1));
      if (!take(")")) return wrong("a ) is missing");
      return value;
    }
    skip();
    if (at_ < text_.size() &&
        (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.'))
      return number();
    const std::string name = word();
    if (name.empty()) return wrong("a number, an id or a function is missing");
    if (take("(")) return call(name, depth);
    return id(name);
  }

  Result<MathValue> number() {
    std::size_t end = at_;
    while (end < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[end])) != 0 || text_[end] == '.'))
      ++end;
    const std::optional<double> value = parse_double(text_.substr(at_, end - at_));
    if (!value) return wrong("no number");
    at_ = end;
    return MathValue(*value);
  }

  Result<MathValue> id(const std::string& name) {
    if (name == "REPEAT") return MathValue(kRepeat);
    if (seen_ != nullptr) seen_->push_back(name);
    if (names_ == nullptr) return MathValue(0.0);
    const auto found = names_->values.find(name);
    if (found == names_->values.end()) return wrong("no query has the id '" + name + "'");
    return counted(found->second);
  }

  // A value that is new to the expression: what operators make of such is no larger than they are.
  Result<MathValue> counted(MathValue value) {
    points_ += points_of(value);
    if (points_ > kMostPeriodsTogether) return wrong("it takes in more than 5,000,000 points");
    return value;
  }

  std::vector<MathSeries> metrics() const {
    std::vector<MathSeries> all;
    for (const std::string& name : names_->metrics) {
      const auto found = names_->values.find(name);
      if (found == names_->values.end()) continue;
      if (const auto* series = std::get_if<MathSeries>(&found->second)) all.push_back(*series);
      if (const auto* list = std::get_if<std::vector<MathSeries>>(&found->second))
        all.insert(all.end(), list->begin(), list->end());
    }
    for (MathSeries& series : all) series.unit.clear();
    return all;
  }

  Result<MathValue> call(const std::string& name, int depth) {
    if (name == "METRICS") {
      if (!take(")")) return wrong("Clary's METRICS() takes no text: a ) is missing");
      if (seen_ != nullptr) seen_->push_back(name);
      if (names_ == nullptr) return MathValue(0.0);
      return counted(metrics());
    }
    std::vector<MathValue> arguments;
    if (!take(")")) {
      do {
        CLARY_TRY(MathValue argument, list_or_value(depth + 1));
        arguments.push_back(std::move(argument));
      } while (take(","));
      if (!take(")")) return wrong("a ) is missing");
    }
    if (names_ == nullptr)
      return known_function(name) ? Result<MathValue>(MathValue(0.0))
                                  : wrong("no function is called " + name);
    Result<MathValue> value = call_function(name, arguments, *names_);
    if (!value.ok()) return wrong(value.error().message);
    if (name == "FILL") return counted(*std::move(value));
    return value;
  }

  // [m1, m2] is a list of series.
  Result<MathValue> list_or_value(int depth) {
    if (!take("[")) return either(depth);
    std::vector<MathSeries> list;
    do {
      CLARY_TRY(MathValue element, either(depth));
      if (names_ == nullptr) continue;
      if (const auto* series = std::get_if<MathSeries>(&element)) {
        list.push_back(*series);
      } else if (const auto* several = std::get_if<std::vector<MathSeries>>(&element)) {
        list.insert(list.end(), several->begin(), several->end());
      } else {
        return wrong("a list holds series");
      }
    } while (take(","));
    if (!take("]")) return wrong("a ] is missing");
    for (MathSeries& series : list) series.unit.clear();
    return MathValue(std::move(list));
  }

  std::string_view text_;
  const MathNames* names_;
  std::vector<std::string>* seen_;
  std::size_t at_ = 0;
  std::int64_t points_ = 0;  // of what it has taken in
};

}  // namespace

std::optional<double> MathSeries::at(TimePoint time) const {
  const auto found =
      std::ranges::lower_bound(points, time, {}, &std::pair<TimePoint, double>::first);
  if (found == points.end() || found->first != time) return std::nullopt;
  return found->second;
}

void MathSeries::add(TimePoint time, double value) {
  if (std::isfinite(value)) points.emplace_back(time, value);
}

std::int64_t points_of(const MathValue& value) {
  if (const auto* series = std::get_if<MathSeries>(&value))
    return static_cast<std::int64_t>(series->points.size());
  std::int64_t points = 0;
  if (const auto* list = std::get_if<std::vector<MathSeries>>(&value)) {
    for (const MathSeries& series : *list)
      points += static_cast<std::int64_t>(series.points.size());
  }
  return points;
}

Result<std::vector<std::string>> math_ids(std::string_view expression,
                                          const std::vector<std::string>& metrics) {
  std::vector<std::string> seen;
  CLARY_TRY([[maybe_unused]] const MathValue value, Reader(expression, nullptr, &seen).whole());
  if (std::erase(seen, "METRICS") > 0) seen.insert(seen.end(), metrics.begin(), metrics.end());
  return seen;
}

Result<MathValue> evaluate_math(std::string_view expression, const MathNames& names) {
  return Reader(expression, &names, nullptr).whole();
}

}  // namespace clary::services
