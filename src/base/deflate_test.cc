#include "base/deflate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/test_bytes.h"

namespace clary {
namespace {

using namespace std::string_literals;
using State = Inflater::State;

// Made by zlib: "hello, hello, hello" as gzip and as zlib, and "all fields" under a header with
// extra field, name, comment and its own checksum.
const std::string kHello =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x9f"
    "\xa1\xca\x09\x13\x00\x00\x00"s;
const std::string kZlibHello =
    "\x78\x01\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x44\x28\x06\xd5"s;
const std::string kAllFields =
    "\x1f\x8b\x08\x1e\x00\x00\x00\x00\x00\x03\x04\x00\x61\x62\x63\x64\x6e\x61\x6d\x65\x00\x63"
    "\x6f\x6d\x6d\x65\x6e\x74\x00\xe2\x48\x4b\xcc\xc9\x51\x48\xcb\x4c\xcd\x49\x29\x06\x00\xcb"
    "\xbb\x26\xe0\x0a\x00\x00\x00"s;

std::string packed(std::string_view bytes, Wrapping wrapping = Wrapping::kGzip) {
  std::string out;
  Deflater deflater(wrapping, [&out](std::string_view piece) -> Status {
    out += piece;
    return {};
  });
  // In pieces of odd lengths.
  for (std::size_t length = 1; bytes.size() > length; length = length * 3 + 1) {
    EXPECT_TRUE(deflater.write(bytes.substr(0, length)).ok());
    bytes.remove_prefix(length);
  }
  EXPECT_TRUE(deflater.finish(bytes).ok());
  return out;
}

struct Unpacked {
  State state = State::kGoesOn;
  std::string bytes;
  std::size_t taken = 0;
  std::string fault;
};

// Gives `in` bytes at a time, and room for `out`.
Unpacked unpacked(std::string_view bytes, Wrapping wrapping = Wrapping::kGzip,
                  std::size_t in = 1 << 20, std::size_t out = 1 << 20) {
  Inflater inflater(wrapping);
  Unpacked got;
  std::vector<char> room(out);
  std::string_view given;
  for (;;) {
    const Inflater::Step step = inflater.step(given, room);
    given.remove_prefix(step.taken);
    got.taken += step.taken;
    got.bytes.append(room.data(), step.made);
    got.state = step.state;
    if (step.state == State::kBroken) got.fault = inflater.fault();
    if (step.state != State::kGoesOn) return got;
    if (step.made > 0 || !given.empty()) continue;
    if (got.taken == bytes.size()) return got;
    given = bytes.substr(got.taken, in);
  }
}

TEST(Deflate, UnpacksWhatOthersPacked) {
  for (std::size_t in = 1; in <= kAllFields.size(); ++in) {
    const Unpacked hello = unpacked(kHello, Wrapping::kGzip, in, 1 + in % 7);
    EXPECT_EQ(hello.state, State::kEnded) << in;
    EXPECT_EQ(hello.bytes, "hello, hello, hello");
    EXPECT_EQ(unpacked(kZlibHello, Wrapping::kZlib, in).bytes, "hello, hello, hello");
    const Unpacked fields = unpacked(kAllFields, Wrapping::kGzip, in);
    EXPECT_EQ(fields.state, State::kEnded) << in << fields.fault;
    EXPECT_EQ(fields.bytes, "all fields");
  }
}

TEST(Deflate, GivesBackWhatItPacked) {
  for (const Wrapping wrapping : {Wrapping::kGzip, Wrapping::kZlib}) {
    for (const std::string& bytes : {""s, "x"s, std::string(3'000'000, 'x'), noise(3'000'000),
                                     noise(200'000) + std::string(200'000, ' ')}) {
      const std::string whole = packed(bytes, wrapping);
      EXPECT_LT(whole.size(), bytes.size() + bytes.size() / 1000 + 100);
      const Unpacked got = unpacked(whole, wrapping, 70'001, 99'991);
      EXPECT_EQ(got.state, State::kEnded);
      EXPECT_EQ(got.taken, whole.size());
      EXPECT_TRUE(got.bytes == bytes) << bytes.size();
    }
  }
}

TEST(Deflate, PacksTheSameToTheSame) {
  const std::string bytes = noise(1'000'000) + std::string(1'000'000, 'y');
  EXPECT_TRUE(packed(bytes) == packed(bytes));
}

TEST(Deflate, LeavesWhatComesAfterAMember) {
  for (const std::size_t in : {1U, 7U, 9U, 1000U}) {
    const Unpacked got = unpacked(kHello + "and more of it", Wrapping::kGzip, in);
    EXPECT_EQ(got.state, State::kEnded);
    EXPECT_EQ(got.taken, kHello.size());
    EXPECT_EQ(unpacked(kZlibHello + "and more", Wrapping::kZlib, in).state, State::kEnded);
  }
}

TEST(Deflate, TakesOneMemberAfterTheOther) {
  Inflater inflater(Wrapping::kGzip);
  std::vector<char> room(100);
  for (const std::string& member : {kHello, kAllFields, kHello}) {
    EXPECT_TRUE(inflater.in_header());
    EXPECT_EQ(inflater.step(member, room).state, State::kEnded);
    EXPECT_FALSE(inflater.in_header());
    inflater.reset();
  }
}

TEST(Deflate, WaitsForWhatIsMissing) {
  const std::string whole = packed(noise(1000));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(unpacked(whole.substr(0, size)).state, State::kGoesOn) << size;
}

TEST(Deflate, RefusesDamage) {
  const std::string text = "The same text, the same text, the same text, and its end.";
  const std::string whole = packed(text);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (at >= 4 && at < 10) continue;  // time and system: nobody checks them
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    const Unpacked got = unpacked(bad);
    // Some bits mean nothing: those between the last block and the trailer.
    EXPECT_TRUE(got.state != State::kEnded || got.bytes == text) << at;
  }
  EXPECT_EQ(unpacked("print('hello')").fault, "incorrect header");
  EXPECT_EQ(unpacked("hello", Wrapping::kZlib).state, State::kBroken);
  std::string bad = kHello;
  bad[bad.size() - 1] = 1;  // the length
  EXPECT_EQ(unpacked(bad).fault, "incorrect checksum or length");
  bad = kHello;
  bad[bad.size() - 5] = 1;  // the checksum
  EXPECT_EQ(unpacked(bad).fault, "incorrect checksum or length");
  bad = kAllFields;
  bad[12] = 'x';  // in the header, which has a checksum of its own
  EXPECT_EQ(unpacked(bad).state, State::kBroken);
}

TEST(Deflate, EndsWithTheSinksError) {
  int calls = 0;
  Deflater deflater(Wrapping::kGzip, [&calls](std::string_view piece) -> Status {
    EXPECT_EQ(piece.size(), Deflater::kPieceBytes);
    ++calls;
    return unavailable("gone");
  });
  const Status written = deflater.write(noise(4 << 20));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message, "gone");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace clary
