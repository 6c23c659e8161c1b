#include "host/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text_encoding.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct Splitting {
  Lines lines;
  LineSplitter splitter{[this](std::string line) { lines.push_back(std::move(line)); }};

  Splitting& take(std::string_view bytes, Duration now = 0s) {
    splitter.take(bytes, now);
    return *this;
  }
  Lines end() {
    splitter.finish();
    return lines;
  }
};

TEST(LineSplitter, GivesLinesWhereverThePiecesEnd) {
  Splitting by_byte;
  const std::string text = "one\ntwo\r\n\nthree";
  for (const char c : text) by_byte.take(std::string_view(&c, 1));
  const Lines expected = {"one", "two", "", "three"};
  EXPECT_EQ(by_byte.end(), expected);
  EXPECT_EQ(Splitting().take(text).end(), expected);
}

TEST(LineSplitter, GivesALineAsSoonAsItEnds) {
  EXPECT_EQ(Splitting().take("now\nlater").lines, Lines{"now"});
}

TEST(LineSplitter, ShowsAProgressBarOncePerSecond) {
  Splitting bar;
  for (int i = 0; i < 300; ++i) bar.take("\rstep " + std::to_string(i), i * 10ms);
  EXPECT_EQ(bar.take("\rdone\n", 3s).end(), (Lines{"step 0", "step 100", "step 200", "done"}));
}

TEST(LineSplitter, ABarThatWasShownLeavesNoEmptyLine) {
  EXPECT_EQ(Splitting().take("50%\r").take("100%\r").take("\r\n").end(), (Lines{"50%"}));
}

TEST(LineSplitter, CutsLongLinesAndLosesNothing) {
  std::string text;
  while (text.size() < 3 * LineSplitter::kLineBytes) text += "한";
  const Lines lines = Splitting().take(text + "\n").end();
  std::string joined;
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), LineSplitter::kLineBytes);
    EXPECT_TRUE(is_valid_utf8(line));
    joined += line;
  }
  EXPECT_TRUE(joined == text) << joined.size();
}

TEST(LineSplitter, RepairsBinary) {
  std::string binary;
  for (int i = 0; i < 256; ++i) binary += static_cast<char>(i);
  for (const std::string& line : Splitting().take(binary).end()) EXPECT_TRUE(is_valid_utf8(line));
  EXPECT_EQ(Splitting().take("a\xff\n").lines, Lines{"a\xEF\xBF\xBD"});
}

TEST(LineSplitter, CutsEndlessBinary) {
  Splitting endless;
  for (int i = 0; i < 64; ++i) endless.take(std::string(64 << 10, '\x80'));
  EXPECT_GE(endless.lines.size(), 15U);
}

}  // namespace
}  // namespace clary::host
