#include "base/json_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = JsonPath::Step::Kind;

JsonPath read_path(std::string_view text) {
  Result<JsonPath> path = JsonPath::parse(text);
  EXPECT_TRUE(path.ok()) << text << ": " << path.error().message;
  return path.ok() ? *std::move(path) : JsonPath();
}
std::string refusal_of(std::string_view text) {
  const Result<JsonPath> path = JsonPath::parse(text);
  return path.ok() ? "" : path.error().message;
}

TEST(JsonPath, TheRootIsTheWhole) {
  EXPECT_TRUE(read_path("$").is_whole());
  EXPECT_TRUE(JsonPath().is_whole());
}

TEST(JsonPath, NamesComeByDotOrInBrackets) {
  for (const char* text : {"$.a-b.c", "$['a-b']['c']", "$.['a-b'].c", "$[\"a-b\"].c"}) {
    const JsonPath path = read_path(text);
    ASSERT_EQ(path.steps().size(), 2U) << text;
    EXPECT_EQ(path.steps()[0].kind, Kind::kName);
    EXPECT_THAT(path.steps()[0].names, ElementsAre("a-b"));
    EXPECT_THAT(path.steps()[1].names, ElementsAre("c"));
  }
  EXPECT_THAT(read_path(R"($['a\'b'])").steps()[0].names, ElementsAre("a'b"));
}

TEST(JsonPath, SeveralNamesAreOneStep) {
  const JsonPath path = read_path("$.field.['id', 'SageMakerOutput']");
  ASSERT_EQ(path.steps().size(), 2U);
  EXPECT_EQ(path.steps()[1].kind, Kind::kNames);
  EXPECT_THAT(path.steps()[1].names, ElementsAre("id", "SageMakerOutput"));
  EXPECT_THAT(refusal_of("$['a','b'].c"), HasSubstr("nothing may follow several names"));
}

TEST(JsonPath, IndexesAndSlices) {
  EXPECT_EQ(read_path("$[3]").steps()[0].kind, Kind::kIndex);
  EXPECT_THAT(read_path("$[0, -1]").steps()[0].indexes, ElementsAre(0, -1));
  const JsonPath::Step slice = read_path("$[1:-1]").steps()[0];
  EXPECT_EQ(slice.kind, Kind::kSlice);
  EXPECT_EQ(slice.from, 1);
  EXPECT_EQ(slice.to, -1);
  EXPECT_EQ(read_path("$[1:]").steps()[0].to, std::nullopt);
  EXPECT_EQ(read_path("$[:2]").steps()[0].from, std::nullopt);
  EXPECT_EQ(read_path("$.*").steps()[0].kind, Kind::kAll);
  EXPECT_EQ(read_path("$[*]").steps()[0].kind, Kind::kAll);
}

TEST(JsonPath, WhatIsNotSupportedIsSaid) {
  EXPECT_THAT(refusal_of("$..a"), HasSubstr("'..' is not supported"));
  EXPECT_THAT(refusal_of("$[?(@.a)]"), HasSubstr("filters and scripts are not supported"));
  EXPECT_THAT(refusal_of("$[0:4:2]"), HasSubstr("steps in slices are not supported"));
  EXPECT_THAT(refusal_of("$.length()"), HasSubstr("functions are not supported"));
}

TEST(JsonPath, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_EQ(refusal_of("a"), "JSONPath 'a': it must begin with $, at character 1");
  for (const char* text : {"", "$a", "$.", "$[", "$[]", "$[1", "$['a", "$['a'", "$['a',]", "$[1,]",
                           "$[-]", "$[99999999999999999999]", "$.a b", "$['a' 'b']", "$ "})
    EXPECT_NE(refusal_of(text), "") << text;
}

TEST(JsonPath, NegativeIndexesCountFromTheEnd) {
  EXPECT_EQ(element_at(0, 2), 0U);
  EXPECT_EQ(element_at(-1, 2), 1U);
  EXPECT_EQ(element_at(-2, 2), 0U);
  for (const std::int64_t outside : {2, -3}) EXPECT_EQ(element_at(outside, 2), std::nullopt);
  EXPECT_EQ(element_at(0, 0), std::nullopt);
}

TEST(JsonPath, SlicesEndWithTheArray) {
  const auto range = [](std::string_view text, std::size_t count) {
    const ElementRange found = elements_of(read_path(text).steps().at(0), count);
    return std::pair(found.begin, found.end);
  };
  EXPECT_EQ(range("$[1:]", 4), std::pair(1UL, 4UL));
  EXPECT_EQ(range("$[1:-1]", 4), std::pair(1UL, 3UL));
  EXPECT_EQ(range("$[-2:]", 4), std::pair(2UL, 4UL));
  EXPECT_EQ(range("$[:9]", 4), std::pair(0UL, 4UL));
  EXPECT_EQ(range("$[-9:1]", 4), std::pair(0UL, 1UL));
  EXPECT_EQ(range("$[3:1]", 4), std::pair(3UL, 3UL));
  EXPECT_EQ(range("$[1:]", 0), std::pair(0UL, 0UL));
}

}  // namespace
}  // namespace clary
