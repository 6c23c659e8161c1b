#include "services/metric_math.h"

#include <gtest/gtest.h>

#include "base/time_text.h"

namespace clary::services {
namespace {

TimePoint at(int minute) { return from_epoch_seconds(1'700'000'040 + 60 * minute); }

class MetricMathTest : public ::testing::Test {
 protected:
  MetricMathTest() {
    values_["m1"] = MathSeries{.points = {{at(0), 1}, {at(1), 2}, {at(3), 4}}};
    values_["m2"] = MathSeries{.points = {{at(1), 10}, {at(2), 20}, {at(3), 0}}};
  }
  // "minute:value ...", a number, or what is wrong.
  std::string result(std::string_view expression) {
    const auto value = evaluate_math(
        expression, {.values = values_, .metrics = metrics_, .start = at(0), .end = at(4)});
    if (!value.ok()) return value.error().message;
    if (const auto* number = std::get_if<double>(&*value)) return text(*number);
    if (const auto* series = std::get_if<MathSeries>(&*value)) return text(*series);
    std::string all;
    for (const MathSeries& series : std::get<std::vector<MathSeries>>(*value))
      all += (all.empty() ? "" : ", ") + series.unit + '=' + text(series);
    return all;
  }
  static std::string text(const MathSeries& series) {
    std::string all;
    for (const auto& [time, point] : series.points) {
      all += (all.empty() ? "" : " ") + std::to_string((time - at(0)).count() / 60'000'000) + ':' +
             text(point);
    }
    return all;
  }
  static std::string text(double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%g", value);
    return buffer;
  }

  std::map<std::string, MathValue> values_;
  std::vector<std::string> metrics_{"m1", "m2"};
};

TEST_F(MetricMathTest, ArithmeticHasItsUsualOrder) {
  EXPECT_EQ(result("1 + 2 * 3"), "7");
  EXPECT_EQ(result("(1 + 2) * 3"), "9");
  EXPECT_EQ(result("-2 ^ 2"), "-4");
  EXPECT_EQ(result("2 ^ 3 ^ 2"), "512");
  EXPECT_EQ(result("7 / 2 - 0.5"), "3");
  EXPECT_EQ(result("3 > 2"), "1");
}

TEST_F(MetricMathTest, SeriesMeetAtTheTimesThatBothHave) {
  EXPECT_EQ(result("m1 * 2"), "0:2 1:4 3:8");
  EXPECT_EQ(result("10 - m1"), "0:9 1:8 3:6");
  EXPECT_EQ(result("m1 + m2"), "1:12 3:4");
  EXPECT_EQ(result("m1 > 1"), "0:0 1:1 3:1");
}

TEST_F(MetricMathTest, ComparisonsAreJoined) {
  EXPECT_EQ(result("m1 > 1 AND m1 < 4"), "0:0 1:1 3:0");
  EXPECT_EQ(result("m1 > 1 && m1 < 4"), "0:0 1:1 3:0");
  EXPECT_EQ(result("m1 < 2 OR m1 > 3"), "0:1 1:0 3:1");
  EXPECT_EQ(result("m1 < 2 || m1 > 3"), "0:1 1:0 3:1");
  EXPECT_EQ(result("1 OR 0 AND 0"), "1");
  EXPECT_EQ(result("(1 OR 0) AND 0"), "0");
  EXPECT_EQ(result("IF(m1 > 1 AND m1 < 4, 1, 0)"), "0:0 1:1 3:0");
  EXPECT_NE(result("1 ANDs").find("after its end"), std::string::npos);
}

TEST_F(MetricMathTest, Functions) {
  EXPECT_EQ(result("SUM(m1)"), "7");
  EXPECT_EQ(result("AVG(m2)"), "10");
  EXPECT_EQ(result("MAX(METRICS())"), "0:1 1:10 2:20 3:4");
  EXPECT_EQ(result("SUM([m1, m2])"), "0:1 1:12 2:20 3:4");
  EXPECT_EQ(result("DIFF(m1)"), "1:1 3:2");
  EXPECT_EQ(result("RATE(m2)"), "2:0.166667 3:-0.333333");
  EXPECT_EQ(result("RUNNING_SUM(m1)"), "0:1 1:3 3:7");
  EXPECT_EQ(result("FILL(m1, 0)"), "0:1 1:2 2:0 3:4");
  EXPECT_EQ(result("FILL(m1, REPEAT)"), "0:1 1:2 2:2 3:4");
  EXPECT_EQ(result("IF(m1 > 1, m1, 0)"), "0:0 1:2 3:4");
  EXPECT_EQ(result("CEIL(m1 / 4)"), "0:1 1:1 3:1");
  EXPECT_EQ(result("ABS(-3)"), "3");
  EXPECT_EQ(result("PERIOD(m1)"), "60");
  EXPECT_EQ(result("STDDEV(m2)"), "8.16497");
}

TEST_F(MetricMathTest, MetricsInSeveralUnitsMeetUnitByUnit) {
  const auto in = [](const char* unit, double value) {
    return MathSeries{.points = {{at(0), value}}, .unit = unit};
  };
  values_["u"] = std::vector{in("None", 6), in("Seconds", 8)};
  values_["v"] = std::vector{in("Bytes", 5), in("Seconds", 2)};
  values_["w"] = std::vector{in("Count", 5), in("Bits", 2)};
  values_["one"] = in("Count", 2);
  EXPECT_EQ(result("u / v"), "Seconds=0:4");
  EXPECT_EQ(result("u / u * 2"), "None=0:2, Seconds=0:2");
  EXPECT_EQ(result("u / one"), "None=0:3, Seconds=0:4");
  EXPECT_EQ(result("one / u * u"), "None=0:2, Seconds=0:2");
  EXPECT_EQ(result("FILL(u, 0) - v").substr(0, 11), "Seconds=0:6");
  EXPECT_EQ(result("IF(u > 7, u, -v)"), "None=, Seconds=0:8");
  EXPECT_EQ(result("IF(one > 1, v, 0)"), "Bytes=0:5, Seconds=0:2");
  EXPECT_EQ(result("PERIOD(u)"), "60");
  EXPECT_NE(result("u / w").find("no unit in common"), std::string::npos);
  EXPECT_NE(result("METRICS() / u").find("two lists"), std::string::npos);
}

TEST_F(MetricMathTest, WhatCannotBeReadIsRefusedWithItsPlace) {
  EXPECT_NE(result("m9").find("no query has the id 'm9'"), std::string::npos);
  EXPECT_NE(result("1 +").find("is missing"), std::string::npos);
  EXPECT_NE(result("(1").find(") is missing"), std::string::npos);
  EXPECT_NE(result("1 1").find("after its end"), std::string::npos);
  EXPECT_NE(result("NOPE(m1)").find("no function is called NOPE"), std::string::npos);
  EXPECT_NE(result("FILL(m1)").find("FILL takes"), std::string::npos);
  EXPECT_NE(result("METRICS() + METRICS()").find("two lists"), std::string::npos);
  EXPECT_NE(result("METRICS + 1").find("no query has the id 'METRICS'"), std::string::npos);
  EXPECT_NE(result(std::string(500, '(')).find("too many brackets"), std::string::npos);
  EXPECT_NE(result(std::string(500, '-')).find("too many brackets"), std::string::npos);
}

TEST_F(MetricMathTest, FillingIsBounded) {
  values_["e"] = MathSeries{};
  const auto filled = [this](std::string_view expression, std::chrono::seconds length) {
    return evaluate_math(
        expression,
        {.values = values_, .metrics = metrics_, .start = at(0), .end = at(0) + length});
  };
  EXPECT_TRUE(filled("FILL(e, 0)", std::chrono::hours(24)).ok());
  for (const char* expression : {"FILL(e, 0)", "FILL(METRICS(), 0)", "FILL(IF(0, e), 0)"}) {
    EXPECT_FALSE(filled(expression, std::chrono::hours(24 * 3650)).ok()) << expression;
  }
}

TEST_F(MetricMathTest, WhatAnExpressionTakesInIsBounded) {
  values_["e"] = MathSeries{};
  const auto evaluated = [this](const std::string& expression) {
    const auto value = evaluate_math(
        expression,
        {.values = values_, .metrics = metrics_, .start = at(0), .end = at(kMostPeriods)});
    return value.ok() ? std::to_string(points_of(*value)) : value.error().message;
  };
  metrics_.assign(3, "e");
  EXPECT_EQ(evaluated("FILL(METRICS(), 0)"), "302400");
  metrics_.assign(50, "e");
  EXPECT_NE(evaluated("FILL(METRICS(), 0)").find("5,000,000 of several"), std::string::npos);
  metrics_.assign(20, "e");
  const std::string list = "SUM(FILL(METRICS(), 0))";
  EXPECT_NE(evaluated(list + " + " + list + " + " + list).find("takes in more than 5,000,000"),
            std::string::npos);
}

TEST_F(MetricMathTest, WhatIsNotFiniteIsLeftOut) {
  EXPECT_EQ(result("m1 / 0"), "");
  EXPECT_EQ(result("m1 / m2"), "1:0.2");
  EXPECT_EQ(result("LOG(m1 - 1)"), "1:0 3:1.09861");
  EXPECT_EQ(result("SQRT(0 - m1)"), "");
  EXPECT_EQ(result("FILL(m1, 1 / 0)"), "0:1 1:2 3:4");
  EXPECT_EQ(result("SUM(METRICS() / 0)"), "");
}

TEST_F(MetricMathTest, TheIdsOfAnExpression) {
  EXPECT_EQ(math_ids("m1 / SUM(m2)", {}).value(), (std::vector<std::string>{"m1", "m2"}));
  EXPECT_EQ(math_ids("SUM(METRICS())", {"a", "b"}).value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(math_ids("1 +", {}).ok());
}

}  // namespace
}  // namespace clary::services
