// Answers in pieces on their way through the front.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "serving/model_front_fixture.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;

TEST_F(ModelFrontTest, AnAnswerInPiecesIsSentAsTheyCome) {
  engine_.on_run = [this](FakeEngine::Batch) {
    return answer_in_pieces("one", [this](AnswerPieces& pieces) {
      gate_.pass();
      pieces.put("three", seconds(10));
      pieces.end({});
      return LaneResult();
    });
  };
  serve();
  net::RawConnection connection(address_);
  connection.send(post("x"));
  const std::string begun = connection.read_until("3\r\none\r\n");
  expect_status(begun, 200, "Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(model_->under_way(), 1U);
  gate_.open();
  EXPECT_EQ(connection.read_to_end(), "5\r\nthree\r\n0\r\n\r\n");
}

TEST_F(ModelFrontTest, AnAnswerThatBreaksOffEndsTheConnectionWithoutTheLastChunk) {
  engine_.on_run = [](FakeEngine::Batch) {
    return answer_in_pieces("one", [](AnswerPieces& pieces) {
      pieces.put("three", seconds(10));
      pieces.end(internal_error("ValueError: boom"));
      return LaneResult();
    });
  };
  serve();
  const std::string answer = ask(post("x"));
  expect_status(answer, 200, "three\r\n");
  EXPECT_FALSE(answer.ends_with("0\r\n\r\n")) << answer;
  EXPECT_EQ(engine_.opened, 1) << "the lane is sound";
}

TEST_F(ModelFrontTest, ALaneLearnsThatNobodyReadsItsPiecesAnyMore) {
  std::atomic<bool> learnt = false;
  engine_.on_run = [&](FakeEngine::Batch batch) {
    if (batch[0]->body.inside() == "whole") return FakeEngine::echo(batch);
    return answer_in_pieces("one", [&](AnswerPieces& pieces) {
      for (int i = 0; i < 1'000'000 && pieces.is_wanted(); ++i) pieces.put("more", seconds(1));
      learnt = !pieces.is_wanted();
      pieces.end({});
      return LaneResult();
    });
  };
  serve();
  {
    net::RawConnection connection(address_);
    connection.send(post("x"));
    connection.read_until("one");
  }
  expect_status(ask(post("whole")), 200, "whole");
  EXPECT_TRUE(learnt);
}
}  // namespace
}  // namespace clary::serving
