#include "host/data_processing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clary::host {
namespace {

using testing::HasSubstr;
using Records = std::vector<std::string>;

constexpr const char* kCsvType = "text/csv";
constexpr const char* kJsonType = "application/json";
constexpr const char* kLinesType = "application/jsonlines";

struct Asked {
  std::string type = kCsvType;
  std::string accept = {};
  std::string input = "$";
  std::string output = "$";
  bool join = false;
};

Result<DataProcessing> processing_of(const Asked& asked) {
  return DataProcessing::of({.content_type = asked.type,
                             .accept = asked.accept,
                             .input_filter = asked.input,
                             .output_filter = asked.output,
                             .join_input = asked.join});
}
std::string shown(const Result<std::string>& made) {
  return made.ok() ? *made : "error: " + made.error().message;
}
std::string body_of(const Asked& asked, std::string_view record) {
  return shown(processing_of(asked)->body_of(record));
}
std::string output_of(const Asked& asked, const Records& records, std::string_view answer,
                      std::string_view type) {
  return shown(processing_of(asked)->output_of(records, answer, type));
}

TEST(DataProcessing, WithoutItEverythingIsLeftAsItIs) {
  const Result<DataProcessing> none = processing_of({.type = "image/png"});
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->filters_input() || none->changes_output() || none->joins());
  EXPECT_EQ(none->body_of("\x01\n").value(), "\x01\n");
  EXPECT_EQ(none->output_of({}, "\x02", "application/x-npy").value(), "\x02");
}

TEST(DataProcessing, NeedsAFormThatItKnows) {
  EXPECT_THAT(processing_of({.type = "image/png", .join = true}).error().message,
              HasSubstr("'image/png' is neither filtered nor joined"));
  EXPECT_THAT(processing_of({.input = "$..a"}).error().message,
              HasSubstr("InputFilter: JSONPath '$..a'"));
  EXPECT_EQ(record_form_of("Text/CSV; charset=utf-8"), RecordForm::kCsv);
  EXPECT_EQ(record_form_of(kLinesType), RecordForm::kJsonLines);
  EXPECT_EQ(record_form_of("text/plain"), std::nullopt);
}

TEST(DataProcessing, FiltersWhatIsSent) {
  EXPECT_EQ(body_of({.input = "$[1:]"}, "id,1,2\r\n"), "1,2\n");
  EXPECT_EQ(body_of({.input = "$[1:]"}, "a,1\n\nb,2"), "1\n2\n") << "a whole file, row by row";
  EXPECT_EQ(body_of({.type = kLinesType, .input = "$.x"}, "{\"x\":[1.0]}\n"), "[1.0]\n");
  EXPECT_EQ(body_of({.type = kJsonType, .input = "$.x"}, "{\"x\":\n 1}"), "1");
  EXPECT_THAT(body_of({.type = kJsonType, .input = "$.y"}, "{}"), HasSubstr("leads nowhere"));
}

TEST(DataProcessing, JoinsRowsOfCsv) {
  const Asked asked{.join = true};
  EXPECT_EQ(output_of(asked, {"a,1\n", "b,2\n"}, "0.1\n0.20\n", kCsvType), "a,1,0.1\nb,2,0.20\n");
  EXPECT_EQ(output_of(asked, {"a,1\nb,2\n"}, "0.1\n0.20", kCsvType), "a,1,0.1\nb,2,0.20\n")
      << "one record of several rows";
  EXPECT_EQ(output_of({.output = "$[0,-1]", .join = true}, {"a,1,2\n"}, "0.5", kCsvType),
            "a,0.5\n");
  EXPECT_THAT(output_of(asked, {"a,1\n", "b,2\n"}, "0.1\n", kCsvType),
              HasSubstr("the answer to 2 records has 1"));
  EXPECT_THAT(output_of(asked, {"a,1\n"}, "[0.1]", kJsonType),
              HasSubstr("CSV is joined with CSV and JSON with JSON, and the answer is JSON"));
  EXPECT_THAT(output_of(asked, {"a,1\n"}, "x", "image/png"), HasSubstr("'image/png'"));
}

TEST(DataProcessing, JoinsJsonLines) {
  const Asked asked{.type = kLinesType, .join = true};
  EXPECT_EQ(output_of(asked, {"{\"a\":1}\n", "{\"a\":2}\n"}, "{\"p\":1}\n{\"p\":2}\n", kLinesType),
            "{\"a\":1,\"SageMakerOutput\":{\"p\":1}}\n{\"a\":2,\"SageMakerOutput\":{\"p\":2}}\n");
  EXPECT_EQ(output_of({.type = kLinesType, .output = "$['a','SageMakerOutput']", .join = true},
                      {"{\"b\":0,\"a\":1}\n"}, "7", kJsonType),
            "{\"a\":1,\"SageMakerOutput\":7}\n");
}

TEST(DataProcessing, AJsonAnswerToSeveralRecordsIsDividedByLinesOrElements) {
  const Asked asked{.type = kJsonType, .join = true};
  const Records two = {"{\"a\":1}\n", "{\"a\":2}\n"};
  const std::string joined =
      "{\"a\":1,\"SageMakerOutput\":[1]}\n{\"a\":2,\"SageMakerOutput\":[2]}\n";
  EXPECT_EQ(output_of(asked, two, "[1]\n[2]\n", kJsonType), joined);
  EXPECT_EQ(output_of(asked, two, "[[1], [2]]", kJsonType), joined);
  EXPECT_THAT(output_of(asked, two, "{\"predictions\":[1,2]}", kJsonType),
              HasSubstr("the answer to 2 records has 1"));
}

TEST(DataProcessing, JoinsOneJsonValue) {
  EXPECT_EQ(output_of({.type = kJsonType, .join = true}, {"[1,\n2]"}, "{\"p\":3}\n", kJsonType),
            "{\"SageMakerInput\":[1,\n2],\"SageMakerOutput\":{\"p\":3}}");
}

TEST(DataProcessing, FiltersAnAnswerAlone) {
  EXPECT_EQ(output_of({.output = "$[0]"}, {}, "1,2\n3,4\n", kCsvType), "1\n3\n");
  EXPECT_EQ(output_of({.type = kCsvType, .output = "$.p"}, {}, "{\"p\":1.0}", kJsonType), "1.0");
}

TEST(DataProcessing, TheAnswersFormIsWhatItSaysElseWhatWasAskedForElseTheInputs) {
  const Asked asked{.type = kCsvType, .accept = kJsonType, .output = "$.p"};
  EXPECT_EQ(output_of(asked, {}, "{\"p\":1}", ""), "1");
  EXPECT_THAT(output_of(asked, {}, "1,2", kCsvType), HasSubstr("no members"));
  EXPECT_EQ(output_of({.output = "$[1]"}, {}, "1,2", ""), "2\n");
}

}  // namespace
}  // namespace clary::host
