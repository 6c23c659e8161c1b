#include "host/manifest.h"

#include <gtest/gtest.h>

namespace clary::host {
namespace {

std::string fault(std::string_view text) {
  const auto entries = parse_manifest(text);
  return entries.ok() ? "" : entries.error().message;
}

TEST(Manifest, PutsPrefixAndPathTogether) {
  const auto entries = parse_manifest(R"([{"prefix":"s3://b/p/x-"},"a.csv","d/b.csv"])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].object.to_string(), "s3://b/p/x-a.csv");
  EXPECT_EQ((*entries)[1].object.to_string(), "s3://b/p/x-d/b.csv");
  EXPECT_EQ((*entries)[1].path, "d/b.csv");
}

TEST(Manifest, AnEntryMayBeginWithASlash) {
  const auto first = [](std::string_view text) { return parse_manifest(text).value().at(0); };
  EXPECT_EQ(first(R"([{"prefix":"s3://b/man"},"/d/a.txt"])").object.to_string(),
            "s3://b/man/d/a.txt");
  EXPECT_EQ(first(R"([{"prefix":"s3://b/man"},"/d/a.txt"])").path, "d/a.txt");
  EXPECT_EQ(first(R"([{"prefix":"s3://b/man/"},"/a"])").object.key, "man//a");
  EXPECT_EQ(first(R"([{"prefix":"s3://b"},"/a"])").object.key, "a");
  EXPECT_TRUE(fault(R"([{"prefix":"s3://b/p"},"/../a"])").starts_with("entry 1: "));
  EXPECT_TRUE(fault(R"([{"prefix":"s3://b/p"},"/"])").starts_with("entry 1: "));
}

TEST(Manifest, SaysWhatIsWrong) {
  EXPECT_TRUE(fault("a,b").starts_with("not JSON: ")) << fault("a,b");
  EXPECT_EQ(fault("a,b").rfind("not JSON"), 0U) << "said once: " << fault("a,b");
  EXPECT_TRUE(fault("[]").starts_with("not a list that begins with"));
  EXPECT_TRUE(fault(R"({"prefix":"s3://b/"})").starts_with("not a list that begins with"));
  EXPECT_TRUE(fault(R"([{"prefix":"b/p"},"a"])").starts_with("its prefix 'b/p'"));
  EXPECT_EQ(fault(R"([{"prefix":"s3://b/p/"}])"), "it names no objects");
  EXPECT_TRUE(fault(R"([{"prefix":"s3://b/p/"},"a",7])").starts_with("entry 2: "));
  EXPECT_TRUE(fault(R"([{"prefix":"s3://b/p/"},"../a"])").starts_with("entry 1: "));
  EXPECT_TRUE(fault(R"([{"prefix":"s3://b/p/"},"d/"])").starts_with("entry 1: "));
}

}  // namespace
}  // namespace clary::host
