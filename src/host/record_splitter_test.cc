#include "host/record_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/crc.h"

namespace clary::host {
namespace {

using Records = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kRoom = 1 << 20;

template <typename Number>
std::string little_endian(Number number) {
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}
std::string record_io(std::string_view bytes, std::uint32_t flag = 0) {
  std::string frame =
      little_endian<std::uint32_t>(0xced7230aU) +
      little_endian<std::uint32_t>(flag << 29U | static_cast<std::uint32_t>(bytes.size()));
  frame += bytes;
  return frame.append((4 - bytes.size() % 4) % 4, '\0');
}
std::string masked_sum(std::string_view bytes) {
  const std::uint32_t crc = ~Crc32c::update(Crc32c::kInitial, bytes);
  return little_endian<std::uint32_t>(((crc >> 15U) | (crc << 17U)) + 0xa282ead8U);
}
std::string tf_record(std::string_view bytes) {
  const std::string length = little_endian<std::uint64_t>(bytes.size());
  return length + masked_sum(length) + std::string(bytes) + masked_sum(bytes);
}

struct Cut {
  Records records;
  Status status;
};

// The object comes in pieces of this size.
Cut cut(std::string_view object, SplitOptions options, std::size_t piece) {
  Cut made;
  if (options.most_bytes == 0) options.most_bytes = kRoom;
  const auto splitter = make_record_splitter(options);
  while (!object.empty() && made.status.ok()) {
    made.status = splitter->take(object.substr(0, piece), made.records);
    object.remove_prefix(std::min(piece, object.size()));
  }
  if (made.status.ok()) made.status = splitter->finish(made.records);
  return made;
}
// However it comes.
Records records_of(std::string_view object, const SplitOptions& options) {
  const Cut whole = cut(object, options, object.size() + 1);
  EXPECT_TRUE(whole.status.ok()) << whole.status.error().message;
  for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
    const Cut pieces = cut(object, options, piece);
    EXPECT_TRUE(pieces.status.ok());
    EXPECT_EQ(pieces.records, whole.records) << "in pieces of " << piece;
  }
  return whole.records;
}
std::string refusal(std::string_view object, const SplitOptions& options) {
  const Cut made = cut(object, options, 5);
  return made.status.ok() ? "" : made.status.error().message;
}

TEST(RecordSplitter, KnowsAwssWords) {
  EXPECT_EQ(record_split_of("None"), RecordSplit::kNone);
  EXPECT_EQ(record_split_of("Line"), RecordSplit::kLine);
  EXPECT_EQ(record_split_of("RecordIO"), RecordSplit::kRecordIo);
  EXPECT_EQ(record_split_of("TFRecord"), RecordSplit::kTfRecord);
  EXPECT_EQ(record_split_of("line"), std::nullopt);
}

TEST(RecordSplitter, AWholeObjectIsOneRecord) {
  EXPECT_THAT(records_of("a\nb\n", {}), ElementsAre("a\nb\n"));
  EXPECT_THAT(records_of("", {}), ElementsAre());
}

TEST(RecordSplitter, LinesKeepTheirEnds) {
  const SplitOptions lines{.split = RecordSplit::kLine};
  EXPECT_THAT(records_of("1,2\n3,4\r\n5,6", lines), ElementsAre("1,2\n", "3,4\r\n", "5,6"));
  EXPECT_THAT(records_of("1\n\n \r\n2\n\n", lines), ElementsAre("1\n", "2\n"))
      << "blank ones are none";
  EXPECT_THAT(records_of("", lines), ElementsAre());
  EXPECT_THAT(records_of("\n", lines), ElementsAre());
}

TEST(RecordSplitter, RecordIoIsUnwrappedOrKept) {
  const std::string object = record_io("abc") + record_io("") + record_io("12345678");
  EXPECT_THAT(records_of(object, {.split = RecordSplit::kRecordIo}),
              ElementsAre("abc", "", "12345678"));
  EXPECT_THAT(records_of(object, {.split = RecordSplit::kRecordIo, .keep_frames = true}),
              ElementsAre(record_io("abc"), record_io(""), record_io("12345678")));
}

TEST(RecordSplitter, ARecordIoRecordInPartsGetsItsMagicBack) {
  const std::string magic = little_endian<std::uint32_t>(0xced7230aU);
  const std::string parts = record_io("abcd", 1) + record_io("", 2) + record_io("ef", 3);
  EXPECT_THAT(records_of(parts + record_io("g"), {.split = RecordSplit::kRecordIo}),
              ElementsAre("abcd" + magic + magic + "ef", "g"));
  EXPECT_THAT(records_of(parts, {.split = RecordSplit::kRecordIo, .keep_frames = true}),
              ElementsAre(parts));
}

TEST(RecordSplitter, BrokenRecordIoIsRefused) {
  const SplitOptions options{.split = RecordSplit::kRecordIo};
  EXPECT_THAT(refusal("something else", options), HasSubstr("magic number"));
  EXPECT_THAT(refusal(record_io("abc").substr(0, 9), options), HasSubstr("ends inside a record"));
  EXPECT_THAT(refusal(record_io("abc", 1), options), HasSubstr("ends inside a record"));
  EXPECT_THAT(refusal(record_io("abc", 2), options), HasSubstr("not in their order"));
  EXPECT_THAT(refusal(record_io("abc", 1) + record_io("d"), options),
              HasSubstr("not in their order"));
  EXPECT_THAT(refusal(record_io("abc", 5), options), HasSubstr("not in their order"));
}

TEST(RecordSplitter, TfRecordsAreUnwrappedOrKept) {
  const std::string object = tf_record("abc") + tf_record("") + tf_record(std::string(300, 'x'));
  EXPECT_THAT(records_of(object, {.split = RecordSplit::kTfRecord}),
              ElementsAre("abc", "", std::string(300, 'x')));
  EXPECT_THAT(records_of(object, {.split = RecordSplit::kTfRecord, .keep_frames = true}),
              ElementsAre(tf_record("abc"), tf_record(""), tf_record(std::string(300, 'x'))));
}

// What TensorFlow 2.15 writes for "abc".
TEST(RecordSplitter, TfRecordsOfTensorFlowAreRead) {
  using std::string_literals::operator""s;
  const std::string written =
      "\x03\0\0\0\0\0\0\0\xb0\x99\x49\x0e"s
      "abc"
      "\x6e\x57\xf1\x21"s;
  EXPECT_THAT(records_of(written, {.split = RecordSplit::kTfRecord}), ElementsAre("abc"));
}

TEST(RecordSplitter, BrokenTfRecordsAreRefused) {
  const SplitOptions options{.split = RecordSplit::kTfRecord};
  EXPECT_THAT(refusal("something else", options), HasSubstr("length does not fit"));
  std::string spoilt = tf_record("abc");
  spoilt[12] = 'X';
  EXPECT_THAT(refusal(spoilt, options), HasSubstr("checksum of a record does not fit"));
  EXPECT_THAT(refusal(tf_record("abc").substr(0, 14), options), HasSubstr("ends inside a record"));
}

TEST(RecordSplitter, WhatIsTooLongIsNotGathered) {
  for (const RecordSplit split : {RecordSplit::kNone, RecordSplit::kLine}) {
    const SplitOptions options{.split = split, .most_bytes = 4};
    EXPECT_EQ(refusal("12345", options), kTooMuchData);
    EXPECT_EQ(refusal("1234", options), "");
  }
  EXPECT_EQ(refusal(record_io("12345"), {.split = RecordSplit::kRecordIo, .most_bytes = 4}),
            kTooMuchData);
  EXPECT_EQ(refusal(record_io("1234"), {.split = RecordSplit::kRecordIo, .most_bytes = 4}), "");
  EXPECT_EQ(refusal(record_io("1234"),
                    {.split = RecordSplit::kRecordIo, .keep_frames = true, .most_bytes = 11}),
            kTooMuchData)
      << "its frame has 12 bytes";
  EXPECT_EQ(refusal(tf_record("12345"), {.split = RecordSplit::kTfRecord, .most_bytes = 4}),
            kTooMuchData);
  const std::string endless = little_endian<std::uint64_t>(~0ULL);
  EXPECT_EQ(refusal(endless + masked_sum(endless), {.split = RecordSplit::kTfRecord}),
            kTooMuchData);
}

}  // namespace
}  // namespace clary::host
