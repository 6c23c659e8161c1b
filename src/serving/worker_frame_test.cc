#include "serving/worker_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace clary::serving {
namespace {

using std::string_literals::operator""s;

// One frame of each side, byte for byte; tests/serving/test_worker.py has the same.
const std::string kSample = "\x01\x07\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00"s +
                            "id\0r1\0accept\0text/*\0"s + "abc"s;

FrameFields sample_fields() {
  FrameFields fields;
  fields.add("id", "r1");
  fields.add("accept", "text/*");
  return fields;
}

std::optional<WorkerFrame> parsed(std::string_view bytes) {
  WorkerFrameParser parser;
  parser.put(bytes);
  auto frame = parser.next();
  return frame.ok() ? std::move(*frame) : std::nullopt;
}

TEST(WorkerFrame, IsWrittenAsTheFormatSays) {
  const auto head = encode_frame_head(FrameKind::kRequest, sample_fields(), 3, false);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(*head + "abc", kSample);
}

TEST(WorkerFrame, IsReadByteByByte) {
  WorkerFrameParser parser;
  for (std::size_t i = 0; i + 1 < kSample.size(); ++i) {
    parser.put(kSample.substr(i, 1));
    const auto frame = parser.next();
    ASSERT_TRUE(frame.ok() && !frame->has_value()) << i;
    EXPECT_TRUE(parser.is_inside_frame());
  }
  parser.put(kSample.substr(kSample.size() - 1));
  const auto frame = parser.next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  EXPECT_EQ((*frame)->kind, FrameKind::kRequest);
  EXPECT_EQ((*frame)->fields.all(), sample_fields().all());
  EXPECT_EQ((*frame)->body, "abc");
  EXPECT_FALSE(parser.is_inside_frame());
}

TEST(WorkerFrame, SeveralComeOneAfterTheOther) {
  WorkerFrameParser parser;
  parser.put(kSample + kSample.substr(0, 20));
  EXPECT_TRUE(parser.next()->has_value());
  EXPECT_FALSE(parser.next()->has_value());
  parser.put(kSample.substr(20));
  EXPECT_TRUE(parser.next()->has_value());
}

TEST(WorkerFrame, ABodyInADescriptorIsNotInTheFrame) {
  const auto head = encode_frame_head(FrameKind::kAnswer, {}, 5 << 20, true);
  ASSERT_TRUE(head.ok());
  const auto frame = parsed(*head);
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->body_shared);
  EXPECT_EQ(frame->body_length, 5U << 20);
}

TEST(WorkerFrame, WhatIsNoneIsRefused) {
  const auto refused = [](std::string bytes) {
    WorkerFrameParser parser;
    parser.put(bytes);
    return !parser.next().ok();
  };
  const auto with = [](std::size_t at, char byte) {
    std::string bytes = kSample;
    bytes[at] = byte;
    return bytes;
  };
  EXPECT_TRUE(refused(with(0, 2))) << "version";
  EXPECT_TRUE(refused(with(1, 0))) << "kind";
  EXPECT_TRUE(refused(with(1, 13))) << "kind";
  EXPECT_TRUE(refused(with(2, 2))) << "flags";
  EXPECT_TRUE(refused(with(3, 1))) << "reserved";
  EXPECT_TRUE(refused(with(7, 1))) << "fields of 16 MiB";
  EXPECT_TRUE(refused(with(11, 1))) << "a body of 16 MiB";
  EXPECT_TRUE(refused(with(16 + 19, 'x'))) << "fields without their last NUL";
  EXPECT_TRUE(refused(with(16 + 2, 'x'))) << "an odd number of fields";
}

TEST(WorkerFrame, WhatCannotBeAFieldIsRefused) {
  FrameFields fields;
  fields.add("name", "a\0b"s);
  EXPECT_FALSE(encode_frame_head(FrameKind::kRequest, fields, 0, false).ok());
  FrameFields large;
  large.add("name", std::string(kFrameInsideBytes, 'x'));
  EXPECT_FALSE(encode_frame_head(FrameKind::kRequest, large, 0, false).ok());
  EXPECT_FALSE(encode_frame_head(FrameKind::kRequest, {}, kFrameInsideBytes + 1, false).ok());
}

TEST(WorkerFrame, NumbersOfFieldsAreNotNegative) {
  FrameFields fields;
  fields.add("a", "12");
  fields.add("b", "-1");
  fields.add("c", "1x");
  EXPECT_EQ(fields.find_number("a"), 12);
  EXPECT_FALSE(fields.find_number("b"));
  EXPECT_FALSE(fields.find_number("c"));
  EXPECT_FALSE(fields.find_number("d"));
}

}  // namespace
}  // namespace clary::serving
