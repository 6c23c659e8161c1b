#include "serving/engine_conformance.h"

#include <utility>

namespace clary::serving {
namespace {

using Fault = LaneResult::Fault;

}  // namespace

::testing::internal::ValueArray<MakeEngine> engines_of(MakeEngine make) {
  return ::testing::Values(make);
}

std::unique_ptr<Lane> EngineConformance::open() {
  Result<std::unique_ptr<Lane>> lane = engine().open_lane(Duration::max());
  EXPECT_TRUE(lane.ok()) << lane.error().message;
  return lane.ok() ? std::move(*lane) : nullptr;
}

LaneResult EngineConformance::run(Lane& lane, int first, int count) {
  std::vector<ModelRequest> requests(static_cast<std::size_t>(count));
  std::vector<const ModelRequest*> batch;
  for (ModelRequest& request : requests) {
    request.content_type = "application/json";
    request.body = Payload("[" + std::to_string(first++) + "]");
    batch.push_back(&request);
  }
  return lane.run(batch, Duration::max());
}

void EngineConformance::expect_answers(const LaneResult& result, int first, int count) {
  ASSERT_EQ(result.fault, Fault::kNone) << result.sentence;
  ASSERT_EQ(result.answers.size(), static_cast<std::size_t>(count));
  for (const ModelAnswer& answer : result.answers) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.to_text().value(), under_test_->answer_to(first++));
  }
}

TEST_P(EngineConformance, ALaneHasItsModelLoaded) {
  const auto lane = open();
  ASSERT_NE(lane, nullptr);
  EXPECT_EQ(lane->failure(), std::nullopt);
  EXPECT_TRUE(lane->is_alive());
}

TEST_P(EngineConformance, EachRequestOfABatchHasItsAnswerInItsPlace) {
  const auto lane = open();
  ASSERT_NE(lane, nullptr);
  for (const int count : {1, 2, 3, 7, 16, 16, 16, 1})
    expect_answers(run(*lane, 5, count), 5, count);
  EXPECT_TRUE(lane->is_alive());
}

TEST_P(EngineConformance, LanesWorkBesideEachOther) {
  const auto one = open();
  const auto other = open();
  ASSERT_TRUE(one != nullptr && other != nullptr);
  expect_answers(run(*one, 1, 2), 1, 2);
  expect_answers(run(*other, 3, 2), 3, 2);
  expect_answers(run(*one, 5, 2), 5, 2);
}

TEST_P(EngineConformance, AnEndIsForGood) {
  const auto lane = open();
  ASSERT_NE(lane, nullptr);
  engine().stop();
  EXPECT_NE(run(*lane, 1, 1).fault, Fault::kNone);
  EXPECT_FALSE(engine().open_lane(Duration::max()).ok());
}

}  // namespace clary::serving
