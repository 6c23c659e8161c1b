#include "telemetry/log_filter.h"

#include <gtest/gtest.h>

namespace clary::telemetry {
namespace {

bool takes(std::string_view pattern, std::string_view line) {
  const Result<LogFilter> filter = LogFilter::parse(pattern);
  EXPECT_TRUE(filter.ok()) << pattern << ": " << filter.error().message;
  std::uint64_t steps = 0;
  return filter.ok() && filter->matches(line, steps);
}

std::uint64_t steps_of(std::string_view pattern, std::string_view line) {
  std::uint64_t steps = 0;
  EXPECT_FALSE(LogFilter::parse(pattern).value().matches(line, steps)) << pattern;
  return steps;
}

std::string refusal(std::string_view pattern) {
  const Result<LogFilter> filter = LogFilter::parse(pattern);
  return filter.ok() ? "taken" : filter.error().message;
}

TEST(LogFilter, TermsMustAllBeThere) {
  EXPECT_TRUE(takes("", "anything"));
  EXPECT_TRUE(takes("ERROR", "an ERROR here"));
  EXPECT_FALSE(takes("ERROR", "an error here"));
  EXPECT_TRUE(takes("ERROR disk", "disk: ERROR"));
  EXPECT_FALSE(takes("ERROR disk", "ERROR"));
  EXPECT_TRUE(takes("\"out of memory\"", "CUDA out of memory."));
  EXPECT_FALSE(takes("\"out of memory\"", "memory out of"));
  EXPECT_TRUE(takes(R"("said \"no\"")", R"(she said "no")"));
}

TEST(LogFilter, MinusLeavesOutAndQuestionMarksAreAlternatives) {
  EXPECT_TRUE(takes("ERROR -debug", "ERROR x"));
  EXPECT_FALSE(takes("ERROR -debug", "ERROR debug"));
  EXPECT_TRUE(takes("-debug", "x"));
  EXPECT_TRUE(takes("?ERROR ?WARN", "WARN x"));
  EXPECT_FALSE(takes("?ERROR ?WARN", "INFO"));
  EXPECT_FALSE(takes("?ERROR must", "ERROR"));
}

TEST(LogFilter, RegularExpressions) {
  EXPECT_TRUE(takes("%loss=[0-9.]+%", "epoch 1 loss=0.5"));
  EXPECT_FALSE(takes("%loss=[0-9.]+%", "loss=x"));
  EXPECT_FALSE(takes("%(a+)+$%", std::string(200, 'a') + "!")) << "bounded, whatever it costs";
  EXPECT_NE(refusal("%(%").find("does not compile"), std::string::npos);
  EXPECT_NE(refusal("%open").find("not closed"), std::string::npos);
}

TEST(LogFilter, WhatALineTakesIsCountedAndBounded) {
  const std::string line = std::string(10'000, 'a') + '!';
  EXPECT_EQ(steps_of("ERROR", line), line.size());
  EXPECT_LT(steps_of("%ERROR%", line), 2 * line.size());
  // None of them has a character that the line lacks: that one PCRE2 would look for first.
  for (const char* slow :
       {"%(a+)+$%", "%a*a*a*[bc]%", "%(.*)*.*[xy]$%", "%[a-z]+[0-9]%", "[word=%(a+)+$%]"}) {
    const std::uint64_t steps = steps_of(slow, line);
    EXPECT_GT(steps, 200'000U) << slow;
    EXPECT_LT(steps, 300'000U) << slow;
  }
  // Such an item passes most of the line and fails, again and again, and PCRE2 tells of none of it.
  const std::string runs = std::string(9'999, 'a') + 'b' + std::string(9'999, 'a') + 'b';
  EXPECT_GT(steps_of("%(?:a{10000}|x)[cd]%", runs), 200'000U);
  // A wildcard begins anew at every character: 1,000 looks for each of them.
  const std::string slow = "*" + std::string(1'000, 'a') + 'b';
  for (const auto& [pattern, text] :
       {std::pair{"[word=" + slow + "]", line},
        {"{ $.a = \"" + slow + "\" }", R"({"a":")" + line + R"("})"}}) {
    const std::uint64_t steps = steps_of(pattern, text);
    EXPECT_GT(steps, 200'000U) << pattern;
    EXPECT_LT(steps, 300'000U) << pattern;
  }
  EXPECT_LT(steps_of("[word=x*y*z]", line), 2 * line.size());
  EXPECT_TRUE(takes("[word=*b]", std::string(100'000, 'a') + 'b')) << "long, but no more than that";
  EXPECT_TRUE(takes("%[^b]b$%", std::string(100'000, 'a') + 'b')) << "long, but no more than that";
}

TEST(LogFilter, MembersOfAJsonLine) {
  constexpr std::string_view line =
      R"({"loss":0.25,"tag":"train","ok":true,"none":null,"in":{"deep":[{"x":7}]},"a b":"c"})";
  EXPECT_TRUE(takes("{ $.loss < 0.5 }", line));
  EXPECT_FALSE(takes("{ $.loss >= 0.5 }", line));
  EXPECT_TRUE(takes(R"({ $.tag = "tr*" && $.loss != 1 })", line));
  EXPECT_TRUE(takes("{$.tag=train}", line));
  EXPECT_TRUE(takes("{ $.tag = %^tr% }", line));
  EXPECT_TRUE(takes("{ $.in.deep[0].x = 7 }", line));
  EXPECT_TRUE(takes(R"({ $["a b"] = "c" })", line));
  EXPECT_TRUE(takes("{ $.ok IS TRUE && $.none IS NULL && $.gone NOT EXISTS }", line));
  EXPECT_FALSE(takes("{ $.ok IS FALSE }", line));
  EXPECT_FALSE(takes("{ $.gone != 1 }", line));
  EXPECT_FALSE(takes("{ $.tag > 1 }", line));
  EXPECT_TRUE(takes("{ $.loss > 1 || ($.tag = train && $.ok IS TRUE) }", line));
  EXPECT_TRUE(takes("{ $.loss > 1 && $.loss > 1 || $.loss < 1 }", line)) << "&& binds closer";
  EXPECT_FALSE(takes("{ $.loss < 0.5 }", "loss 0.25"));
}

TEST(LogFilter, WordsOfALine) {
  constexpr std::string_view line = R"(127.0.0.1 - ann [10/Oct/2000] "GET /a b" 404 1534)";
  EXPECT_TRUE(takes("[ip, id, user, time, request, status=404, bytes]", line));
  EXPECT_TRUE(takes("[ip, id, user, time, request, status=4*, bytes > 1000]", line));
  EXPECT_FALSE(takes("[ip, id, user, time, request, status=5*, bytes]", line));
  EXPECT_FALSE(takes("[ip, id]", line));
  EXPECT_TRUE(takes("[ip, ..., bytes=1534]", line));
  EXPECT_TRUE(takes("[..., status = 404 || status = 410, bytes]", line));
  EXPECT_TRUE(takes("[..., status != 200 && status < 500, bytes]", line));
}

TEST(LogFilter, WhatCannotBeReadIsRefusedWithItsPlace) {
  EXPECT_NE(refusal("\"open").find("not closed"), std::string::npos);
  EXPECT_NE(refusal("{ $.a }").find("comparison is missing"), std::string::npos);
  EXPECT_NE(refusal("{ a = 1 }").find("begins with $"), std::string::npos);
  EXPECT_NE(refusal("{ $.a = 1").find("} is missing"), std::string::npos);
  EXPECT_NE(refusal("{ $.a < x }").find("'x' is no number"), std::string::npos);
  EXPECT_NE(refusal("[a, b").find("] is missing"), std::string::npos);
  EXPECT_NE(refusal("[..., ...]").find("may stand once"), std::string::npos);
  EXPECT_NE(refusal("{ $.a = 1 } more").find("after its end"), std::string::npos);
  EXPECT_NE(refusal(std::string(2000, 'x')).find("1,024"), std::string::npos);
  EXPECT_NE(refusal("{" + std::string(500, '(')).find("too many brackets"), std::string::npos);
}

}  // namespace
}  // namespace clary::telemetry
