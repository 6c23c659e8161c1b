#include "host/json_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clary::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string text_or_error(const Result<std::string>& made) {
  return made.ok() ? *made : "error: " + made.error().message;
}
std::string select(std::string_view path, std::string_view json) {
  return text_or_error(select_json(JsonPath::parse(path).value(), json));
}
std::string select_row(std::string_view path, std::string_view row) {
  return text_or_error(select_csv(JsonPath::parse(path).value(), row));
}

TEST(JsonPieces, AreAsTheyAreWritten) {
  const char* json = R"( {"a": 1.50, "b": {"c": [1e3, -0.0, "x\u00e9\"]}"]}, "d": null } )";
  EXPECT_EQ(select("$.a", json), "1.50");
  EXPECT_EQ(select("$.b.c", json), R"([1e3, -0.0, "x\u00e9\"]}"])");
  EXPECT_EQ(select("$.b.c[2]", json), R"("x\u00e9\"]}")");
  EXPECT_EQ(select("$['d']", json), "null");
  EXPECT_EQ(select("$", R"( [1, 2] )"), "[1, 2]");
  EXPECT_EQ(select("$", "12345678901234567890.10"), "12345678901234567890.10");
}

TEST(JsonPieces, SeveralNamesMakeAnObject) {
  EXPECT_EQ(select("$['id','SageMakerOutput']", R"({"x":0,"SageMakerOutput":[1.0],"id":"a"})"),
            R"({"id":"a","SageMakerOutput":[1.0]})");
  EXPECT_EQ(select("$['a','b']", R"({"c":1})"), "{}");
  EXPECT_EQ(select("$.in['a','b']", R"({"in":{"b":1}})"), R"({"b":1})");
}

TEST(JsonPieces, IndexesSlicesAndStarsMakeArrays) {
  EXPECT_EQ(select("$[1:]", "[0, 1, 2]"), "[1,2]");
  EXPECT_EQ(select("$[0,-1,9]", "[0,1,2]"), "[0,2]");
  EXPECT_EQ(select("$[-1]", "[0,1,2]"), "2");
  EXPECT_EQ(select("$.*", R"({"a":1,"b":[2]})"), "[1,[2]]");
  EXPECT_EQ(select("$[*].p", R"([{"p":1},{"q":2},{"p":3}])"), "[1,3]")
      << "what leads nowhere is left out";
  EXPECT_EQ(select("$[1:]", "[]"), "[]");
}

TEST(JsonPieces, TheLastOfEqualNamesWins) {
  EXPECT_EQ(select("$.a", R"({"a":1,"a":2})"), "2");
  EXPECT_EQ(select("$['a\"b']", R"({"a\"b":1})"), "1") << "names are compared decoded";
}

TEST(JsonPieces, APathThatLeadsNowhereIsSaid) {
  EXPECT_THAT(select("$.b", R"({"a":1})"), HasSubstr("leads nowhere: there is no 'b'"));
  EXPECT_THAT(select("$.b", "[1]"), HasSubstr("what is no JSON object"));
  EXPECT_THAT(select("$[3]", "[1]"), HasSubstr("there is no element 3 of 1"));
  EXPECT_THAT(select("$[1:]", R"({"a":1})"), HasSubstr("what is no JSON array"));
  for (const char* broken : {"", "{", "[1,]", "1 2", "nul"})
    EXPECT_THAT(select("$", broken), HasSubstr("not JSON")) << broken;
}

TEST(JsonPieces, AnObjectTakesItsAnswer) {
  const auto join = [](std::string_view record, std::string_view answer) {
    return text_or_error(join_json(record, answer));
  };
  EXPECT_EQ(join(R"({"id": 1.0})", R"( {"p": 2} )"), R"({"id":1.0,"SageMakerOutput":{"p": 2}})");
  EXPECT_EQ(join("{}", "1"), R"({"SageMakerOutput":1})");
  EXPECT_EQ(join("[1,2]", "3"), R"({"SageMakerInput":[1,2],"SageMakerOutput":3})");
  EXPECT_EQ(join(R"({"SageMakerOutput":"old","a":1})", "2"), R"({"a":1,"SageMakerOutput":2})");
  EXPECT_THAT(join("{}", "0.5,0.6"), HasSubstr("not JSON"));
}

TEST(JsonPieces, ElementsOfAnArray) {
  EXPECT_THAT(*json_elements(" [1, [2,3] ,\"a,b\"] "), ElementsAre("1", "[2,3]", "\"a,b\""));
  EXPECT_THAT(*json_elements("[]"), ElementsAre());
  EXPECT_FALSE(json_elements("{}").ok());
}

TEST(CsvPieces, FieldsKeepTheirQuotes) {
  const char* row = R"(id-1,"a,""b""",3.10,)";
  EXPECT_EQ(select_row("$", row), row);
  EXPECT_EQ(select_row("$[1:]", row), R"("a,""b""",3.10,)");
  EXPECT_EQ(select_row("$[1:-1]", row), R"("a,""b""",3.10)");
  EXPECT_EQ(select_row("$[0,2]", row), "id-1,3.10");
  EXPECT_EQ(select_row("$[-1]", row), "");
  EXPECT_EQ(select_row("$[*]", row), row);
}

TEST(CsvPieces, ARowHasNoMembers) {
  EXPECT_THAT(select_row("$.a", "1,2"), HasSubstr("no members"));
  EXPECT_THAT(select_row("$[0].a", "1,2"), HasSubstr("no members"));
  EXPECT_THAT(select_row("$[2]", "1,2"), HasSubstr("there is no field 2 of 2"));
  EXPECT_EQ(select_row("$[5:]", "1,2"), "");
}

}  // namespace
}  // namespace clary::host
