// Several inputs as one, on a fake plugin's models.
#include "serving/joint_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "serving/fake_plugin.h"

namespace clary::serving {
namespace {

class JointRunsTest : public testing::Test {
 protected:
  void load(const char* name) {
    model_ =
        PluginModel::load(fake_plugin(), {.folder = "", .device = name, .lanes = 1, .threads = 1})
            .value();
  }
  // The answers in the inputs' order: JSON, or the model's refusal.
  std::vector<std::string> run(std::vector<Tensor> inputs) {
    std::vector<std::string> answers(inputs.size());
    const JointCall call{
        .model = *model_,
        .proofs = proofs_,
        .clock = clock_,
        .take = [&](std::size_t index, const Result<Prediction>& prediction, Duration) {
          EXPECT_EQ(answers[index], "") << "answered twice";
          answers[index] = prediction.ok()
                               ? encode_prediction(*prediction, "application/json").value()
                               : prediction.error().message;
        }};
    was_trial_ = run_jointly(call, inputs);
    return answers;
  }
  // With "tells": of how many rows the run was that answered each of the inputs.
  std::vector<int> rows_of_runs(std::vector<Tensor> inputs) {
    std::vector<int> rows;
    std::vector<float> firsts;
    for (const Tensor& input : inputs)
      firsts.push_back(*static_cast<const float*>(input.data.get()));
    const std::vector<std::string> answers = run(std::move(inputs));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const double told = std::stod(answers[i].substr(answers[i].find_first_not_of('[')));
      rows.push_back(static_cast<int>(std::lround((told / firsts[i] - 1) * 100000)));
    }
    return rows;
  }
  static Tensor row(float first) { return Tensor::of({first, first + 1}, {1, 2}); }
  // So often that an input of that shape is joined, if it may be.
  void prove(const Tensor& input) {
    for (int i = 0; i < RowProofs::kProofs; ++i) run({input.copy()});
  }

  SystemClock clock_;
  RowProofs proofs_;
  std::shared_ptr<PluginModel> model_;
  bool was_trial_ = false;
};

TEST_F(JointRunsTest, InputsAreJoinedOnceTheyWereSeenToBeAnsweredRowByRow) {
  load("tells");
  EXPECT_EQ(rows_of_runs({row(1), row(2)}), (std::vector<int>{1, 1}));
  EXPECT_TRUE(was_trial_);
  EXPECT_EQ(rows_of_runs({row(1), row(2)}), (std::vector<int>{1, 1}));
  EXPECT_EQ(rows_of_runs({row(1), row(2), row(3)}), (std::vector<int>{3, 3, 3}));
  EXPECT_FALSE(was_trial_);
}

TEST_F(JointRunsTest, EachGetsItsOwnAnswer) {
  load("double");
  prove(row(1));
  EXPECT_EQ(run({row(1), row(5), row(9)}),
            (std::vector<std::string>{"[[2.0, 4.0]]", "[[10.0, 12.0]]", "[[18.0, 20.0]]"}));
}

TEST_F(JointRunsTest, EqualInputsProveAsWell) {
  load("tells");
  prove(row(0));
  EXPECT_EQ(rows_of_runs({row(1), row(1)}), (std::vector<int>{2, 2}));
}

TEST_F(JointRunsTest, ShapesAreProvedByThemselvesAndGoTogether) {
  load("tells");
  prove(row(1));
  const Tensor pair = Tensor::of({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(rows_of_runs({row(1), pair.copy(), row(2)}), (std::vector<int>{2, 2, 2}));
  prove(pair);
  EXPECT_EQ(rows_of_runs({row(1), pair.copy(), row(2)}), (std::vector<int>{4, 4, 4}));
  const Tensor wide = Tensor::of({1, 2, 3}, {1, 3});
  EXPECT_EQ(rows_of_runs({row(1), wide.copy(), row(2)}), (std::vector<int>{2, 1, 2}));
}

TEST_F(JointRunsTest, AModelWhoseRowsDependOnEachOtherIsNotJoined) {
  load("centre");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(run({row(1), row(5)}), (std::vector<std::string>{"[[0.0, 0.0]]", "[[0.0, 0.0]]"}));
    EXPECT_EQ(was_trial_, i == 0);
  }
}

TEST_F(JointRunsTest, AModelWhoseRowsDependOnThoseBeforeThemIsSeenByOneInputAlone) {
  load("adds up");
  prove(row(1));
  EXPECT_EQ(run({row(1), row(5)}), (std::vector<std::string>{"[[1.0, 2.0]]", "[[5.0, 6.0]]"}));
}

TEST_F(JointRunsTest, AModelThatTreatsOneRowOtherwiseIsJoinedOfSeveral) {
  load("squeeze");
  prove(row(1));
  EXPECT_EQ(run({row(1), row(5)}), (std::vector<std::string>{"[1.0, 2.0]", "[5.0, 6.0]"}));
  const Tensor pair = Tensor::of({1, 2, 3, 4}, {2, 2});
  prove(pair);
  const std::string same = "[[1.0, 2.0], [3.0, 4.0]]";
  EXPECT_EQ(run({pair.copy(), pair.copy()}), (std::vector<std::string>{same, same}));
}

TEST_F(JointRunsTest, AModelOfAFixedNumberOfRowsIsNotJoined) {
  load("one row");
  prove(row(1));
  EXPECT_EQ(run({row(1), row(5)}), (std::vector<std::string>{"[[1.0, 2.0]]", "[[5.0, 6.0]]"}));
  EXPECT_FALSE(was_trial_);
}

TEST_F(JointRunsTest, WhatIsTooMuchForOneInputIsNotTried) {
  load("constant");
  run({Tensor::make(DType::kFloat32, {1, 6 << 20})});  // 24 MiB
  EXPECT_FALSE(was_trial_);
  run({row(1)});
  EXPECT_TRUE(was_trial_);
}

TEST_F(JointRunsTest, WhatHasNoRowsIsRunByItself) {
  load("constant");
  prove(row(1));
  EXPECT_EQ(run({row(1), row(2), Tensor::of({1}, {})}),
            (std::vector<std::string>{"7.0", "7.0", "7.0"}));
}

TEST_F(JointRunsTest, OnlyTheInputThatTheModelRefusesIsRefused) {
  load("no zeros");
  prove(row(1));
  const std::vector<std::string> expected = {"[[1.0, 2.0]]", "a zero", "[[5.0, 6.0]]"};
  EXPECT_EQ(run({row(1), row(0), row(5)}), expected);
  EXPECT_EQ(run({row(1), row(0), row(5)}), expected);
}

TEST_F(JointRunsTest, AnInputThatIsWrittenToIsTheCallersAlone) {
  load("in place");
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(run({row(1), row(5)}), (std::vector<std::string>{"[[2.0, 3.0]]", "[[6.0, 7.0]]"}));
}

TEST(RowProofs, OneThatDifferedIsNeverJoinedAgain) {
  RowProofs proofs;
  const Tensor input = Tensor::of({1}, {1});
  for (int i = 0; i < RowProofs::kProofs; ++i) {
    EXPECT_EQ(proofs.next(input), Joining::kTry);
    proofs.add(input, TrialOutcome::kAgreed);
  }
  EXPECT_EQ(proofs.next(input), Joining::kJoin);
  proofs.add(input, TrialOutcome::kFailed);
  EXPECT_EQ(proofs.next(input), Joining::kJoin);
  proofs.add(input, TrialOutcome::kDiffered);
  EXPECT_EQ(proofs.next(input), Joining::kNever);
}

TEST(RowProofs, NowAndThenItIsTriedAgain) {
  RowProofs proofs;
  const Tensor input = Tensor::of({1}, {1});
  for (int i = 0; i < RowProofs::kProofs; ++i) proofs.add(input, TrialOutcome::kAgreed);
  std::uint64_t tries = 0;
  for (std::uint64_t i = 0; i < 2 * RowProofs::kEvery; ++i)
    tries += proofs.next(input) == Joining::kTry ? 1U : 0U;
  EXPECT_EQ(tries, 2U);
}

TEST(RowProofs, EndlessShapesAreNotKept) {
  RowProofs proofs;
  for (std::size_t i = 1; i <= RowProofs::kMostShapes; ++i)
    EXPECT_EQ(proofs.next(Tensor::make(DType::kInt8, {static_cast<std::int64_t>(i)})),
              Joining::kTry);
  EXPECT_EQ(proofs.next(Tensor::make(DType::kInt8, {100'000})), Joining::kNever);
}

}  // namespace
}  // namespace clary::serving
