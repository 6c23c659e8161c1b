#include "wire/cbor.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {
namespace {

std::string read(std::string_view hex) {
  const Result<Document> document = parse_cbor(hex_decode(hex).value());
  return document.ok() ? to_json(*document) : document.error().message;
}

double number(std::string_view hex) { return *parse_cbor(hex_decode(hex).value())->as_double(); }

// Source: RFC 8949, appendix A.
TEST(Cbor, ReadsTheExamplesOfItsStandard) {
  EXPECT_EQ(read("00"), "0");
  EXPECT_EQ(read("1818"), "24");
  EXPECT_EQ(read("1b000000e8d4a51000"), "1000000000000");
  EXPECT_EQ(read("3903e7"), "-1000");
  EXPECT_EQ(number("f93c00"), 1.0);
  EXPECT_EQ(number("f90001"), 5.960464477539063e-8);
  EXPECT_EQ(number("fa47c35000"), 100'000.0);
  EXPECT_EQ(number("fbc010666666666666"), -4.1);
  EXPECT_EQ(read("f5"), "true");
  EXPECT_EQ(read("f7"), "null");
  EXPECT_EQ(read("62c3bc"), "\"\xc3\xbc\"");
  EXPECT_EQ(read("a26161016162820203"), R"({"a":1,"b":[2,3]})");
  EXPECT_EQ(read("9f018202039f0405ffff"), "[1,[2,3],[4,5]]");
  EXPECT_EQ(read("bf61610161629f0203ffff"), R"({"a":1,"b":[2,3]})");
  EXPECT_EQ(read("7f657374726561646d696e67ff"), "\"streaming\"");
}

TEST(Cbor, InstantsAreTagOne) {
  EXPECT_EQ(*parse_cbor(hex_decode("c11a514b67b0").value())->as_time(),
            from_epoch_seconds(1'363'896'240));
  EXPECT_EQ(*parse_cbor(hex_decode("c1fb41d452d9ec200000").value())->as_time(),
            from_epoch_seconds(1'363'896'240.5));
  EXPECT_NE(read("c074323031332d30332d32315432303a30343a30305a").find("a tag (0)"),
            std::string::npos);
  EXPECT_NE(read("c16161").find("no number"), std::string::npos);
  EXPECT_NE(read("c1f97e00").find("out of range"), std::string::npos) << "not a number";
}

TEST(Cbor, WhatIsBrokenIsRefusedWithItsPlace) {
  EXPECT_EQ(read(""), "CBOR at byte 0: it ends too early");
  EXPECT_NE(read("1b00").find("too early"), std::string::npos);
  EXPECT_NE(read("5bffffffffffffffff00").find("too early"), std::string::npos);
  EXPECT_NE(read("9bffffffffffffffff00").find("too early"), std::string::npos);
  EXPECT_NE(read("0000").find("after the end"), std::string::npos);
  EXPECT_NE(read("a10000").find("not text"), std::string::npos);
  EXPECT_NE(read("61ff").find("UTF-8"), std::string::npos);
  EXPECT_NE(read("1bffffffffffffffff").find("beyond 64 bits"), std::string::npos);
  EXPECT_NE(read("ff").find("simple value"), std::string::npos);
  EXPECT_NE(read("1f").find("no known form"), std::string::npos);
  EXPECT_NE(read("7f4161ff").find("another kind"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "81";
  EXPECT_NE(read(deep).find("too deeply"), std::string::npos);
}

TEST(Cbor, WhatIsWrittenReadsBackEqual) {
  const Document document =
      Document::object({{"int", 70'000},
                        {"least", std::numeric_limits<std::int64_t>::min()},
                        {"float", 0.1},
                        {"text", "\xc3\xbc"},
                        {"blob", Document::Blob{std::string("\0\xff", 2)}},
                        {"time", from_epoch_seconds(1'700'000'000.25)},
                        {"none", nullptr},
                        {"list", Document::array({true, false, Document::object()})}});
  const Result<Document> back = parse_cbor(to_cbor(document));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, document);
}

}  // namespace
}  // namespace clary::wire
