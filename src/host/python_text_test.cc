#include "host/python_text.h"

#include <gtest/gtest.h>

namespace clary::host {
namespace {

Document loaded(std::string_view text) {
  Result<Document> value = python_json_loads(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : Document();
}

struct Written {
  const char* json;
  const char* str;
  const char* dumped;
};

class PythonText : public testing::TestWithParam<Written> {};

TEST_P(PythonText, IsWrittenAsPythonWritesIt) {
  const Document value = loaded(GetParam().json);
  EXPECT_EQ(python_str(value), GetParam().str);
  EXPECT_EQ(python_json_dumps(value), GetParam().dumped);
}

// Each line was printed by Python 3.11: str(json.loads(x)), json.dumps(json.loads(x),
// sort_keys=True, separators=(",", ":")).
INSTANTIATE_TEST_SUITE_P(
    Values, PythonText,
    testing::Values(Written{"null", "None", "null"}, Written{"true", "True", "true"},
                    Written{" 5 ", "5", "5"}, Written{"-0", "0", "0"},
                    Written{"-0.0", "-0.0", "-0.0"}, Written{"1e-05", "1e-05", "1e-05"},
                    Written{"0.0001", "0.0001", "0.0001"}, Written{"0.00012", "0.00012", "0.00012"},
                    Written{"1.5e-7", "1.5e-07", "1.5e-07"}, Written{"1e16", "1e+16", "1e+16"},
                    Written{"123456789012345.6", "123456789012345.6", "123456789012345.6"},
                    Written{"1e15", "1000000000000000.0", "1000000000000000.0"},
                    Written{"1E2", "100.0", "100.0"}, Written{"1.0", "1.0", "1.0"},
                    Written{"-2.5e300", "-2.5e+300", "-2.5e+300"},
                    Written{"5e-324", "5e-324", "5e-324"}, Written{"1e400", "inf", "Infinity"},
                    Written{"-1e400", "-inf", "-Infinity"}, Written{"1e-400", "0.0", "0.0"},
                    Written{"NaN", "nan", "NaN"},
                    Written{"12345678901234567890", "12345678901234567890", "12345678901234567890"},
                    Written{R"("a\"b")", "a\"b", R"("a\"b")"},
                    Written{R"(["it's"])", R"(["it's"])", R"(["it's"])"},
                    Written{R"(["it's \"q\""])", R"(['it\'s "q"'])", R"(["it's \"q\""])"},
                    Written{R"(["a\nb\t\\"])", R"(['a\nb\t\\'])", R"(["a\nb\t\\"])"},
                    Written{R"(["\u0007\u007f\u00a0\u200b"])", R"(['\x07\x7f\xa0\u200b'])",
                            R"(["\u0007\u007f\u00a0\u200b"])"},
                    Written{R"("\b\f")", "\b\f", R"("\b\f")"},
                    Written{"[\"한글 é\"]", "['한글 é']", R"(["\ud55c\uae00 \u00e9"])"},
                    Written{R"(["\ud83d\ude00"])", "['😀']", R"(["\ud83d\ude00"])"},
                    Written{R"({"b": [1, {"z": null}], "a": 1.0})",
                            "{'b': [1, {'z': None}], 'a': 1.0}", R"({"a":1.0,"b":[1,{"z":null}]})"},
                    Written{R"({"a": 1, "b": 2, "a": 3})", "{'a': 3, 'b': 2}", R"({"a":3,"b":2})"},
                    Written{"{}", "{}", "{}"}, Written{"[]", "[]", "[]"}));

TEST(PythonTextRefuses, WhatJsonLoadsRefuses) {
  for (const char* text : {"", " ", "007", "True", "plain words", "nan", "[1,]", "1 2", "'a'",
                           "{\"a\":1}}", "1],[2", "+1", ".5", "1.", "s3://bucket/a,b=c"}) {
    EXPECT_FALSE(python_json_loads(text).ok()) << text;
  }
}

TEST(PythonUpper, TakesUnicode) {
  EXPECT_EQ(python_upper("batch-size_é한ßя"), "BATCH-SIZE_É한SSЯ");
}

}  // namespace
}  // namespace clary::host
