// When a model is loaded again, and what becomes of the one before.
#include "serving/model_reload.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "serving/fake_unit.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;

class ModelReloadTest : public testing::Test {
 protected:
  ModelReloadTest() { serve("first"); }
  ~ModelReloadTest() override {
    gate_.open();
    reload_.reset();
    if (const auto model = shelf_.get()) model->stop();
    shelf_.set(nullptr);
  }

  // Its answers from now on, of models that are loaded from now on.
  void answer_with(const std::string& name) {
    opener_.on_unit = [this, name](FakeUnit& unit) {
      unit.engine.on_run = [this, name](FakeEngine::Batch) {
        LaneResult result;
        if (name == waits_) gate_.pass();
        result.answers.push_back(text_answer(name));
        return result;
      };
    };
  }
  void serve(const std::string& name) {
    answer_with(name);
    const auto unit = opener_.fetch("/model", stop_.get_token());
    ASSERT_TRUE(unit.ok());
    (*unit)->live().start();
    ASSERT_TRUE((*unit)->live().wait_until_loaded(seconds(10), stop_.get_token()).ok());
    shelf_.set({*unit, &(*unit)->live()});
  }
  std::future<std::string> call() {
    auto promise = std::make_shared<std::promise<std::string>>();
    PendingCall pending;
    pending.arrived = clock_.steady();
    pending.deadline = clock_.steady() + seconds(60);
    pending.answer = [promise](Result<ModelAnswer> answer) {
      promise->set_value(answer.ok() ? answer->body.to_text().value_or("")
                                     : answer.error().message);
    };
    auto outcome = promise->get_future();
    if (const auto refused = shelf_.submit("", std::move(pending)))
      promise->set_value(refused->sentence);
    return outcome;
  }
  static std::string text(std::future<std::string> outcome) {
    if (outcome.wait_for(seconds(10)) != std::future_status::ready) return "<nothing came>";
    return outcome.get();
  }
  std::string ask() { return text(call()); }
  void change(const std::string& file) { ++files_[file].modified_ns; }
  void look(int times = 1) {
    for (int i = 0; i < times; ++i) reload_->look(stop_.get_token());
  }
  int loads() const { return opener_.fetched - 1; }  // but the first

  ManualClock clock_;
  FakeOpener opener_{clock_};
  ModelMetrics metrics_;
  OneModel shelf_{metrics_};
  std::stop_source stop_;
  Gate gate_;
  std::string waits_;  // the model whose calls wait at the gate
  FolderPrint files_{{"code/inference.py", {.inode = 1}}, {"model.pt", {.inode = 2}}};
  std::optional<Error> hidden_;  // why the files cannot be looked at
  std::unique_ptr<ModelReload> reload_ = std::make_unique<ModelReload>(
      shelf_, opener_, ReloadOptions{.source = "/model"}, clock_, silent_logger(),
      [this](const std::string&) -> Result<FolderPrint> {
        if (hidden_) return *hidden_;
        return files_;
      });
};

TEST_F(ModelReloadTest, NothingIsLoadedWhileNothingChanges) {
  look(5);
  EXPECT_EQ(loads(), 0);
  EXPECT_EQ(ask(), "first");
}

TEST_F(ModelReloadTest, AChangeIsLoadedOnceItHasSettled) {
  answer_with("second");
  change("model.pt");
  look();
  change("model.pt");  // still being written
  look();
  EXPECT_EQ(loads(), 0);
  look();
  EXPECT_EQ(loads(), 1);
  EXPECT_EQ(ask(), "second");
  look(3);
  EXPECT_EQ(loads(), 1);
  EXPECT_EQ(opener_.alive, 1) << "the first one has ended";
}

TEST_F(ModelReloadTest, AChangeThatIsTakenBackIsNone) {
  change("model.pt");
  look();
  --files_["model.pt"].modified_ns;
  look(3);
  EXPECT_EQ(loads(), 0);
}

TEST_F(ModelReloadTest, ABrokenOneChangesNothingUntilItIsMended) {
  opener_.on_unit = [](FakeUnit& unit) {
    unit.engine.failure = [] { return std::optional<std::string>("boom model"); };
  };
  change("code/inference.py");
  look(5);
  EXPECT_EQ(loads(), 1) << "not tried again as it is";
  EXPECT_EQ(ask(), "first");
  EXPECT_EQ(opener_.alive, 1);
  answer_with("mended");
  change("code/inference.py");
  look(2);
  EXPECT_EQ(ask(), "mended");
}

TEST_F(ModelReloadTest, OneThatCannotBeFetchedChangesNothing) {
  opener_.on_fetch = [](const std::string&) { return Status(internal_error("no room")); };
  change("model.pt");
  look(3);
  EXPECT_EQ(loads(), 1);
  EXPECT_EQ(ask(), "first");
}

TEST_F(ModelReloadTest, TheOneBeforeAnswersWhatItHasBegun) {
  waits_ = "first";
  auto begun = call();
  ASSERT_TRUE(gate_.reached_by(1));
  answer_with("second");
  change("model.pt");
  look(3);
  EXPECT_EQ(ask(), "second");
  EXPECT_EQ(opener_.alive, 2);
  gate_.open();
  EXPECT_EQ(text(std::move(begun)), "first");
  reload_->drain(seconds(10));
  EXPECT_EQ(opener_.alive, 1);
}

TEST_F(ModelReloadTest, AFileThatTheModelWritesWhenItIsLoadedCountsNoMore) {
  const auto answers = opener_.on_unit;
  opener_.on_unit = [this, answers](FakeUnit& unit) {
    answers(unit);
    change("code/inference.py");
  };
  change("code/inference.py");
  look(10);
  EXPECT_EQ(loads(), 2);
  change("model.pt");
  look(2);
  EXPECT_EQ(loads(), 3) << "the other files count";
}

TEST_F(ModelReloadTest, AFolderThatIsGoneForAMomentIsNoChange) {
  hidden_ = not_found("moved away");
  look(3);
  hidden_.reset();
  look(3);
  EXPECT_EQ(loads(), 0);
  hidden_ = limit_exceeded("too many files");
  look();
  hidden_.reset();
  change("model.pt");
  look(3);
  EXPECT_EQ(loads(), 0) << "it is not looked at any more";
}

TEST_F(ModelReloadTest, NothingTakesThePlaceOnceTheServerEnds) {
  opener_.on_fetch = [this](const std::string&) {
    stop_.request_stop();
    return Status();
  };
  change("model.pt");
  look(2);
  EXPECT_EQ(ask(), "first");
  EXPECT_EQ(opener_.alive, 1);
}

}  // namespace
}  // namespace clary::serving
