#include "telemetry/metric_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/nearest_line.h"

namespace clary::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MetricExtractorTest : public testing::Test {
 protected:
  void define(std::vector<domain::MetricDefinition> definitions) {
    extractor_ = MetricExtractor::compile(definitions).value();
  }
  // "name=value" of every sample.
  std::vector<std::string> feed(const std::vector<std::string>& lines) {
    std::vector<std::string> texts;
    for (const NamedSample& sample : extractor_->feed(lines, time_)) {
      EXPECT_EQ(sample.sample.time, time_);
      std::ostringstream text;
      text << sample.name << '=' << sample.sample.value;
      texts.push_back(text.str());
    }
    return texts;
  }

  TimePoint time_{std::chrono::seconds(1'700'000'000)};
  std::unique_ptr<MetricExtractor> extractor_;
};

TEST_F(MetricExtractorTest, TakesTheFirstGroupOfEveryLine) {
  define({{"loss", "Test_loss: (.*?);"}, {"accuracy", "accuracy=([0-9.]+)(%)?"}});
  EXPECT_THAT(feed({"epoch 1 Test_loss: 0.25; accuracy=91.5%", "nothing", "Test_loss: 1e-3;"}),
              ElementsAre("loss=0.25", "accuracy=91.5", "loss=0.001"));
  EXPECT_THAT(feed({"accuracy=92."}), ElementsAre("accuracy=92"));
  EXPECT_THAT(extractor_->notices(), IsEmpty());
}

TEST_F(MetricExtractorTest, AProgressBarGivesEveryStateItShowed) {
  define({{"loss", "loss: ([0-9.]+)"}});
  EXPECT_THAT(feed({"1/2 loss: 0.9\r2/2 loss: 0.5 - val_loss: 0.7"}),
              ElementsAre("loss=0.9", "loss=0.5"));
}

TEST_F(MetricExtractorTest, WhatIsNoFiniteNumberIsNoSample) {
  define({{"loss", "loss=(\\S+)"}});
  EXPECT_THAT(feed({"loss=nan", "loss=inf", "loss=-inf", "loss=abc"}), IsEmpty());
  EXPECT_THAT(extractor_->notices(), ElementsAre(HasSubstr("captured no number, but 'nan'")));
  EXPECT_THAT(feed({"loss=-2"}), ElementsAre("loss=-2"));
  EXPECT_THAT(extractor_->notices(), IsEmpty());
}

TEST_F(MetricExtractorTest, ARegexThatMatchedNothingNamesTheNearestLine) {
  define({{"accuracy", "validation acuracy: ([0-9.]+)"}});
  feed({"starting", "loss: 0.3", "Validation accuracy: 0.91", "done"});
  EXPECT_THAT(extractor_->notices(),
              ElementsAre("metric 'accuracy': the regex 'validation acuracy: ([0-9.]+)' matched "
                          "none of 4 lines; the nearest was: Validation accuracy: 0.91"));
  extractor_->mark_matched("accuracy");
  EXPECT_THAT(extractor_->notices(), IsEmpty());
}

TEST_F(MetricExtractorTest, ARunawayLosesItsLineOnly) {
  define({{"bad", "^(a+)+$"}, {"good", "good=(\\d+)"}});
  const std::string evil = std::string(200, 'a') + "!";
  EXPECT_THAT(feed({evil, "good=1", "aaa"}), ElementsAre("good=1"));
  EXPECT_THAT(extractor_->notices(), ElementsAre(HasSubstr("captured no number, but 'aaa'")));
  for (int i = 0; i < 100; ++i) feed({evil});
  EXPECT_THAT(extractor_->notices(),
              ElementsAre(HasSubstr("took too long on 100 lines and was switched off")));
  EXPECT_THAT(feed({"good=2"}), ElementsAre("good=2"));
}

TEST_F(MetricExtractorTest, WhatIsNotFiniteIsLeftOutAndSaidOnce) {
  define({{"loss", "loss=(\\S+)"}, {"accuracy", "acc=(\\S+)"}});
  EXPECT_THAT(feed({"loss=0.5", "acc=0.9"}), ElementsAre("loss=0.5", "accuracy=0.9"));
  EXPECT_THAT(extractor_->take_left_out(), IsEmpty());
  EXPECT_THAT(feed({"loss=nan", "loss=-inf", "loss=0.25"}), ElementsAre("loss=0.25"));
  EXPECT_THAT(extractor_->take_left_out(),
              ElementsAre("metric 'loss': the value 'nan' is no finite number: it is left out, and "
                          "so is every other such value"));
  feed({"loss=NaN", "acc=Infinity"});
  EXPECT_THAT(extractor_->take_left_out(), ElementsAre(HasSubstr("'accuracy': the value 'Inf")));
  EXPECT_THAT(extractor_->notices(), IsEmpty());
}

TEST_F(MetricExtractorTest, AJobThatSaidNothingIsNotToldThatNothingMatched) {
  define({{"loss", "loss=(.*)"}});
  EXPECT_THAT(extractor_->notices(), IsEmpty());
}

TEST_F(MetricExtractorTest, AGroupThatTookNoPartGivesNothing) {
  define({{"x", "a(b)?c"}, {"y", "no group"}});
  EXPECT_THAT(feed({"ac", "no group"}), IsEmpty());
  EXPECT_THAT(extractor_->notices(), ElementsAre(HasSubstr("matched none"), HasSubstr("no group")));
}

TEST_F(MetricExtractorTest, BytesThatAreNotTextDoNoHarm) {
  define({{"x", "x=(\\d+)"}});
  EXPECT_THAT(feed({"\xff\xfe x=3 \xff"}), ElementsAre("x=3"));
}

TEST(MetricPattern, SaysWhatIsWrongAndWhere) {
  EXPECT_TRUE(check_metric_pattern("loss: ([0-9\\.]+)").ok());
  const Status wrong = check_metric_pattern("loss: ([0-9");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(wrong.error().message, HasSubstr("missing terminating ] for character class"));
}

TEST(NearestLine, LiteralTextLeavesThePatternsSignsOut) {
  EXPECT_EQ(literal_text(R"(Loss\[x\]: ([0-9\.]+)\s*end)"),
            "loss[x]: \x01"
            "end");
  EXPECT_EQ(literal_text(R"((?:a|b)(?P<v>\d{1,3})%)"),
            "a\x01"
            "b\x01%");
  EXPECT_EQ(literal_text("[^]x]y"), "y");
  EXPECT_EQ(literal_text("{"), "");
}

TEST(NearestLine, ForgivesTypingErrors) {
  EXPECT_EQ(likeness("accuracy: \x01", "val_Accuracy: 3"), 20);
  EXPECT_EQ(likeness("", "x"), 0);
  EXPECT_EQ(likeness("\x01", "\x01"), 0);
  EXPECT_EQ(likeness("acu=", "epoch 1 acc=0.5"), 5) << "one character differs";
  NearestLine nearest("acu=([0-9.]+)");
  nearest.offer("Downloading the data");
  nearest.offer("epoch 1 acc=0.5");
  EXPECT_EQ(nearest.line(), "epoch 1 acc=0.5");
}

}  // namespace
}  // namespace clary::telemetry
