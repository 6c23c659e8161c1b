// Bytes from one thread to another: PieceQueue, and the two that stand on it.
#include "archives/piece_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "archives/beside_sink.h"
#include "archives/byte_sources.h"
#include "archives/read_ahead.h"

namespace clary::archives {
namespace {

std::string counted(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 24);
  return bytes;
}

TEST(PieceQueue, GivesPiecesInOrderThenItsEnd) {
  PieceQueue queue(3);
  std::thread putting([&queue] {
    for (const char* piece : {"one", "a piece larger than the queue", "three"})
      EXPECT_TRUE(queue.put(piece));
    queue.end(unavailable("gone"));
  });
  EXPECT_EQ(queue.take().value(), "one");
  EXPECT_EQ(queue.take().value(), "a piece larger than the queue");
  EXPECT_EQ(queue.take().value(), "three");
  EXPECT_EQ(queue.take().error().message, "gone");
  EXPECT_EQ(queue.take().error().message, "gone");
  putting.join();
}

TEST(PieceQueue, LetsGoOfWhoWaitsWhenTheOtherSideLeaves) {
  PieceQueue full(1);
  ASSERT_TRUE(full.put("x"));
  std::thread putting([&full] { EXPECT_FALSE(full.put("y")); });
  full.leave();
  putting.join();
  PieceQueue empty(1);
  std::thread taking([&empty] { EXPECT_EQ(empty.take().value(), ""); });
  empty.leave();
  taking.join();
}

TEST(ReadAhead, GivesASourceWhole) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, ReadAhead::kPieceBytes, ReadAhead::kPieceBytes * 40 + 17}) {
    const std::string bytes = counted(size);
    const auto source = memory_source(bytes);
    ReadAhead ahead(*source);
    std::string read;
    while (true) {
      const std::string piece = ahead.next().value();
      if (piece.empty()) break;
      read += piece;
    }
    EXPECT_TRUE(read == bytes) << size;
    EXPECT_EQ(ahead.next().value(), "");
  }
}

TEST(ReadAhead, MayGoBeforeItsSourceHasEnded) {
  class Endless final : public net::ByteSource {
    Result<std::size_t> read(std::span<char> into) override {
      std::fill(into.begin(), into.end(), 'x');
      return into.size();
    }
  } endless;
  ReadAhead ahead(endless);
  EXPECT_EQ(ahead.next().value().size(), ReadAhead::kPieceBytes);
  EXPECT_EQ(ahead.next().value().size(), ReadAhead::kPieceBytes);
}

TEST(ReadAhead, GivesAnErrorAfterTheBytesBeforeIt) {
  class Breaking final : public net::ByteSource {
   public:
    explicit Breaking(std::size_t left) : left_(left) {}
    Result<std::size_t> read(std::span<char> into) override {
      if (left_ == 0) return unavailable("gone");
      const std::size_t count = std::min(into.size(), left_);
      left_ -= count;
      return count;
    }

   private:
    std::size_t left_;
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, ReadAhead::kPieceBytes * 3 + 5}) {
    Breaking source(size);
    ReadAhead ahead(source);
    std::size_t read = 0;
    Result<std::string> piece = ahead.next();
    for (; piece.ok(); piece = ahead.next()) read += piece->size();
    EXPECT_EQ(read, size);
    EXPECT_EQ(piece.error().message, "gone");
    EXPECT_EQ(ahead.next().error().message, "gone");
  }
}

TEST(BesideSink, GivesEverythingInOrder) {
  const std::string piece = counted(256 << 10);
  std::string taken;
  const BesideSink::Sink sink = [&taken](std::string_view bytes) -> Status {
    taken += bytes;
    return {};
  };
  BesideSink beside(sink);
  std::string given = "first";
  ASSERT_TRUE(beside.write("first").ok());
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(beside.write(piece).ok());
    given += piece;
  }
  ASSERT_TRUE(beside.write("last").ok());
  ASSERT_TRUE(beside.finish().ok());
  EXPECT_TRUE(taken == given + "last");
}

TEST(BesideSink, GivesTheSinksErrorAtTheLatestAtTheEnd) {
  const std::string piece = counted(256 << 10);
  const BesideSink::Sink sink = [](std::string_view) -> Status { return unavailable("gone"); };
  BesideSink beside(sink);
  Status status = beside.write(piece);
  if (status.ok()) status = beside.finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "gone");
}

TEST(BesideSink, MayGoBeforeItsEnd) {
  const std::string piece = counted(256 << 10);
  const BesideSink::Sink sink = [](std::string_view) -> Status { return {}; };
  BesideSink beside(sink);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(beside.write(piece).ok());
}

}  // namespace
}  // namespace clary::archives
