#include "base/encoded_word.h"

#include <gtest/gtest.h>

namespace clary {
namespace {

TEST(EncodedWord, AsciiStaysAsItIs) {
  EXPECT_EQ(to_encoded_words("a b=c?"), "a b=c?");
  EXPECT_EQ(to_encoded_words(""), "");
  EXPECT_EQ(from_encoded_words("a  b =? c"), "a  b =? c");
}

TEST(EncodedWord, OtherTextsGoThereAndBack) {
  for (const char* text : {"\xC3\xA4\xE6\x97\xA5", "tab\there", "=?UTF-8?B?QQ==?=", "\xC3\xA4 x"}) {
    const std::string field = to_encoded_words(text);
    EXPECT_TRUE(field.starts_with("=?UTF-8?B?")) << field;
    EXPECT_EQ(from_encoded_words(field), text);
  }
}

TEST(EncodedWord, BothEncodingsAreRead) {
  EXPECT_EQ(from_encoded_words("=?utf-8?Q?M=C3=A4rz_1?="), "M\xC3\xA4rz 1");
  EXPECT_EQ(from_encoded_words("=?UTF-8?b?w6Q=?= =?UTF-8?B?w6Q=?= end"), "\xC3\xA4\xC3\xA4 end");
}

TEST(EncodedWord, WhatIsMalformedStays) {
  for (const char* field :
       {"=?UTF-8?B?%%?=", "=?UTF-8?X?QQ==?=", "=?latin-1?Q?=E4?=", "=?UTF-8?Q?=Z?=",
        "=?UTF-8?B?QQ==", "=?", "=?UTF-8", "=?UTF-8?Q?=E4?="}) {
    EXPECT_EQ(from_encoded_words(field), field);
  }
}

}  // namespace
}  // namespace clary
