#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/id_source.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary {
namespace {

TEST(Json, ReadsBackWhatItWrites) {
  const char* text =
      R"({"a":[1,-2.5,true,null,"x\"\n\u00e9"],"b":{},"big":123456789012345678901234,"c":18446744073709551615})";
  auto document = parse_json(text);
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(parse_json(to_json(*document)).value(), *document);
  EXPECT_EQ(document->find("big")->as_big_number()->text, "123456789012345678901234");
  EXPECT_EQ(*parse_json(" 12 ").value().as_int(), 12);
}

TEST(Json, WritesEscapesAndInstants) {
  EXPECT_EQ(to_json(std::string_view("a\"b\\c\n\r\t\x01\x1f/é")),
            R"("a\"b\\c\n\r\t\u0001\u001f/é")");
  EXPECT_EQ(to_json(std::string_view("\xff!")), "\"\xEF\xBF\xBD!\"");
  EXPECT_EQ(to_json(std::string_view("")), "\"\"");
  // Each byte that is written otherwise, at each place of a word.
  for (const std::string_view odd : {"\"", "\\", "\n", "\x1f", "é", "\x7f", " ", "!"}) {
    for (std::size_t before = 0; before < 18; ++before) {
      const std::string text = std::string(before, '#') + std::string(odd) + std::string(9, '~');
      EXPECT_EQ(parse_json(to_json(text)).value(), Document(text)) << text;
    }
  }
  const auto instant = [](std::int64_t millis) {
    return to_json(TimePoint(std::chrono::milliseconds(millis)));
  };
  EXPECT_EQ(instant(1'700'000'000'007), "1700000000.007");
  EXPECT_EQ(instant(1'700'000'000'120), "1700000000.120");
  EXPECT_EQ(instant(0), "0.000");
  EXPECT_EQ(instant(-1'500), "-1.500");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "{} x", "1 2", "01", "\"\x01\"", "nul",
                           "[1 2]", "-", "1.", "],["}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')).ok());
}

TEST(TextEncoding, RoundTrips) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t n : {0U, 1U, 2U, 3U, 255U, 256U}) {
    const std::string part = bytes.substr(0, n);
    EXPECT_EQ(base64_decode(base64_encode(part)).value(), part);
    EXPECT_EQ(hex_decode(hex_encode(part)).value(), part);
    EXPECT_EQ(percent_decode(percent_encode(part)).value(), part);
  }
  EXPECT_FALSE(percent_decode("a%2").ok());
  EXPECT_FALSE(percent_decode("a%zz").ok());
  EXPECT_EQ(percent_encode("a/b c+", Slash::kKeep), "a/b%20c%2B");
  EXPECT_TRUE(is_valid_utf8("한글 é"));
  EXPECT_EQ(to_valid_utf8("a\xFF\xC3"), "a\uFFFD\uFFFD");
}

TEST(Digest, MatchesPublishedVectors) {
  EXPECT_EQ(hex_encode(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32, "123456789")), "cbf43926");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32c, "123456789")), "e3069283");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc64Nvme, "123456789")), "ae8b14860a799888");
  EXPECT_EQ(hex_encode(hmac_sha256("key", "The quick brown fox jumps over the lazy dog")),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  // RFC 4231, test case 6: a key longer than a block.
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'),
                                   "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(TimeText, ReadsItsOwnForms) {
  const TimePoint time(std::chrono::milliseconds(1'700'000'000'123));
  EXPECT_EQ(iso8601(time), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(parse_time(iso8601(time)).value(), time);
  EXPECT_EQ(iso8601(TimePoint(Duration(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso8601(TimePoint(std::chrono::seconds(253'402'300'799))), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(http_date(time), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(parse_time(http_date(time)).value(), std::chrono::floor<std::chrono::seconds>(time));
  EXPECT_EQ(parse_time(basic_iso8601(time)).value(),
            std::chrono::floor<std::chrono::seconds>(time));
  EXPECT_EQ(parse_time("2023-11-15T00:13:20+02:00").value(),
            std::chrono::floor<std::chrono::seconds>(time));
  EXPECT_FALSE(parse_time("yesterday").ok());
}

TEST(Strings, NearestSuggestsOnlyWhatIsNear) {
  const std::vector<std::string> names = {"listen", "region", "account"};
  EXPECT_EQ(nearest("regoin", names), "region");
  EXPECT_EQ(nearest("zzzzzz", names), std::nullopt);
  const std::vector<std::string> commands = {"env", "jobs", "logs"};
  EXPECT_EQ(nearest("jbos", commands), "jobs") << "two letters swapped are one edit";
  EXPECT_EQ(nearest("nev", commands), "env");
  EXPECT_EQ(nearest("sboj", commands), std::nullopt);
}

TEST(IdSource, UuidHasVersionFour) {
  RandomIds ids;
  const std::string uuid = ids.uuid();
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(uuid, ids.uuid());
}

}  // namespace
}  // namespace clary
