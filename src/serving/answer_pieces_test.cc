#include "serving/answer_pieces.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace clary::serving {
namespace {

using std::chrono::seconds;

class AnswerPiecesTest : public testing::Test {
 protected:
  // What a read with room for so many bytes gives; the error's message in brackets.
  std::string read(std::size_t most = 100) {
    std::string into(most, '\0');
    const Result<std::size_t> count = source_->read(into);
    return count.ok() ? into.substr(0, *count) : "[" + count.error().message + "]";
  }

  std::shared_ptr<AnswerPieces> pieces_ = std::make_shared<AnswerPieces>();
  std::unique_ptr<net::ByteSource> source_ = AnswerPieces::source_of(pieces_);
};

TEST_F(AnswerPiecesTest, AreReadInTheirOrderAsFarAsTheyAreThere) {
  EXPECT_TRUE(pieces_->put("abc", Duration(0)));
  EXPECT_TRUE(pieces_->put("def", Duration(0)));
  EXPECT_EQ(read(2), "ab");
  EXPECT_EQ(read(2), "cd");
  EXPECT_TRUE(pieces_->put("g", Duration(0)));
  EXPECT_EQ(read(), "efg");
  pieces_->end({});
  EXPECT_EQ(read(), "");
}

TEST_F(AnswerPiecesTest, AReaderWaitsForTheNext) {
  std::jthread maker([this] {
    pieces_->put("late", Duration(0));
    pieces_->end({});
  });
  EXPECT_EQ(read(), "late");
  EXPECT_EQ(read(), "");
}

TEST_F(AnswerPiecesTest, WhatBreaksOffIsReadToThereAndThenAnError) {
  pieces_->put("abc", Duration(0));
  pieces_->end(internal_error("boom"));
  EXPECT_FALSE(pieces_->is_wanted());
  pieces_->end({});  // the first counts
  EXPECT_EQ(read(), "abc");
  EXPECT_EQ(read(), "[boom]");
}

TEST_F(AnswerPiecesTest, NoMoreWaitsThanIsAllowed) {
  const std::string half(AnswerPieces::kMostWaitingBytes / 2, 'x');
  EXPECT_TRUE(pieces_->put(half, Duration(0)));
  EXPECT_TRUE(pieces_->put(half, Duration(0)));
  EXPECT_FALSE(pieces_->put("x", Duration(0)));
  std::jthread reader([this] { read(AnswerPieces::kMostWaitingBytes); });
  bool taken = false;
  for (int i = 0; i < 10 && !taken; ++i) taken = pieces_->put("x", seconds(1));
  EXPECT_TRUE(taken);
}

TEST_F(AnswerPiecesTest, OneOfAnySizeIsTakenWhereNothingWaits) {
  EXPECT_TRUE(pieces_->put(std::string(2 * AnswerPieces::kMostWaitingBytes, 'x'), Duration(0)));
}

TEST_F(AnswerPiecesTest, WithoutAReaderNothingIsKept) {
  EXPECT_TRUE(pieces_->is_wanted());
  source_.reset();
  EXPECT_FALSE(pieces_->is_wanted());
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(pieces_->put(std::string(AnswerPieces::kMostWaitingBytes, 'x'), Duration(0)));
}

TEST_F(AnswerPiecesTest, WhoWaitsForRoomLearnsThatTheReaderHasGone) {
  pieces_->put(std::string(AnswerPieces::kMostWaitingBytes, 'x'), Duration(0));
  std::jthread leaving([this] { source_.reset(); });
  bool taken = false;
  for (int i = 0; i < 10 && !taken; ++i) taken = pieces_->put("x", seconds(1));
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace clary::serving
