// The torch engine without torch: what it refuses, how its lanes answer with a fake plugin's
// models, and the thread that is left to itself.
#include "serving/torch_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "serving/engine_conformance.h"
#include "serving/fake_engine.h"
#include "serving/fake_plugin.h"
#include "serving/run_thread.h"

namespace clary::serving {
namespace {

class TorchEngineTest : public testing::Test {
 protected:
  std::string model() const { return path_join(folder_.path(), "model"); }
  std::string plugin() const { return path_join(folder_.path(), "plugin"); }
  std::string torch() const { return path_join(folder_.path(), "torch"); }

  void SetUp() override {
    for (const std::string& folder : {model(), plugin(), torch()})
      ASSERT_TRUE(make_folders(folder).ok());
    write(torch() + "/version.py", "__version__ = '2.13.0+cpu'\n");
  }
  static void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(make_folders(folder_of(path)).ok());
    ASSERT_TRUE(write_file_atomically(path, text).ok());
  }
  void build(EngineRecord record) {
    record.library_folder = torch();
    write(plugin() + "/engine.json", to_pretty_json(record.to_document()));
  }
  std::string refusal() {
    TorchEngine engine({.plugin_folder = plugin(),
                        .environment = "default",
                        .model_folder = model(),
                        .device = ""},
                       clock_, logger_);
    const auto lane = engine.open_lane(Duration::max());
    return lane.ok() ? "" : lane.error().message;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  Logger logger_;
};

TEST_F(TorchEngineTest, AnEngineThatWasNotBuiltIsNamedWithTheCommand) {
  EXPECT_EQ(refusal(),
            "the torch engine: none has been built for this environment; run: clary environments "
            "build-engine default");
}

TEST_F(TorchEngineTest, AnotherVersionOfTheBorderIsRefused) {
  build({.abi = CLARY_ENGINE_ABI + 1,
         .environment = "mine",
         .library_version = "2.13.0+cpu",
         .library_folder = ""});
  const std::string said = refusal();
  EXPECT_NE(said.find("another release of clary"), std::string::npos) << said;
  EXPECT_NE(said.find("run: clary environments build-engine mine"), std::string::npos) << said;
}

TEST_F(TorchEngineTest, AnotherTorchIsRefused) {
  build({.environment = "mine", .library_version = "2.12.0", .library_folder = ""});
  const std::string said = refusal();
  EXPECT_NE(said.find("it was built for torch 2.12.0"), std::string::npos) << said;
  EXPECT_NE(said.find("holds 2.13.0+cpu"), std::string::npos) << said;
}

TEST_F(TorchEngineTest, TheStringsOfATorchAreThoseThatItsConfigurationNames) {
  EXPECT_FALSE(torch_has_old_strings(torch()));
  const std::string config = torch() + "/share/cmake/Torch/TorchConfig.cmake";
  write(config, "set(TORCH_CXX_FLAGS \"-D_GLIBCXX_USE_CXX11_ABI=1\")\n");
  EXPECT_FALSE(torch_has_old_strings(torch()));
  write(config, "set(TORCH_CXX_FLAGS \"-D_GLIBCXX_USE_CXX11_ABI=0\")\n");
  EXPECT_TRUE(torch_has_old_strings(torch()));
}

TEST_F(TorchEngineTest, ALibraryThatCannotBeOpenedIsRefused) {
  build({.environment = "mine", .library_version = "2.13.0+cpu", .library_folder = ""});
  write(plugin() + "/libclary_torch.so", "no library");
  EXPECT_NE(refusal().find("run: clary environments build-engine mine"), std::string::npos);
}

TEST_F(TorchEngineTest, CodeOfTheUserIsThePythonEngines) {
  write(model() + "/code/inference.py", "");
  EXPECT_EQ(refusal(),
            "the torch engine: the model brings code/inference.py, which only the python engine "
            "runs");
}

TEST_F(TorchEngineTest, CodeThatAVariableNamesIsThePythonEnginesToo) {
  write(model() + "/code/serve.py", "");
  TorchEngine engine({.plugin_folder = plugin(),
                      .environment = "default",
                      .model_folder = model(),
                      .code = {.program = "serve.py"}},
                     clock_, logger_);
  EXPECT_EQ(engine.open_lane(Duration::max()).error().message,
            "the torch engine: the model brings code/serve.py, which only the python engine runs");
}

// A lane of a fake plugin's model.
class TorchLaneTest : public TorchEngineTest {
 protected:
  void open(const char* name, std::size_t most_threads = 1) {
    engine_ = std::make_unique<TorchEngine>(TorchEngineOptions{.plugin = fake_plugin(),
                                                               .environment = "default",
                                                               .model_folder = model(),
                                                               .device = name,
                                                               .most_threads = most_threads},
                                            clock_, logger_);
    lane_ = engine_->open_lane(Duration::max()).value();
  }
  LaneResult run(const std::vector<std::string>& bodies) {
    std::vector<ModelRequest> requests(bodies.size());
    std::vector<const ModelRequest*> batch;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      requests[i].content_type = "application/json";
      requests[i].body = Payload(bodies[i]);
      batch.push_back(&requests[i]);
    }
    return lane_->run(batch, Duration::max());
  }
  static std::vector<std::string> bodies_of(const LaneResult& result) {
    std::vector<std::string> bodies;
    for (const ModelAnswer& answer : result.answers)
      bodies.push_back(answer.body.to_text().value());
    return bodies;
  }

  std::unique_ptr<TorchEngine> engine_;
  std::unique_ptr<Lane> lane_;
};

using Bodies = std::vector<std::string>;

TEST_F(TorchLaneTest, ABatchIsTriedAndThenRunAsOne) {
  open("double");
  ASSERT_TRUE(lane_->takes_batches());
  const Bodies asked = {"[[1, 2]]", "[[3, 4]]", "[[5, 6]]"};
  const Bodies expected = {"[[2.0, 4.0]]", "[[6.0, 8.0]]", "[[10.0, 12.0]]"};
  for (const bool is_trial : {true, true, false}) {
    const LaneResult result = run(asked);
    EXPECT_EQ(bodies_of(result), expected);
    EXPECT_EQ(result.is_trial, is_trial);
  }
}

TEST_F(TorchLaneTest, WhatIsWrongWithOneOfABatchIsItsCallersAlone) {
  open("no zeros");
  for (int i = 0; i < 3; ++i) {
    const LaneResult result = run({"[[1]]", "[[0]]", "{", "", "[[1, 2]]", "3"});
    EXPECT_EQ(
        bodies_of(result),
        (Bodies{"[[1.0]]", "a zero\n",
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n",
                "Expecting value: line 1 column 1 (char 0)\n", "[[1.0, 2.0]]", "3.0"}));
    const std::vector<int> statuses = {200, 500, 500, 500, 200, 200};
    for (std::size_t at = 0; at < statuses.size(); ++at)
      EXPECT_EQ(result.answers[at].status, statuses[at]) << at;
  }
}

TEST_F(TorchLaneTest, AModelThatKeepsSomethingTakesNoBatches) {
  open("keeps");
  EXPECT_FALSE(lane_->takes_batches());
}

TEST_F(TorchLaneTest, TheFirstInputMeasuresTheThreadsUnseen) {
  open("in place", 4);
  EXPECT_EQ(bodies_of(run({"[1, 2]"})), Bodies{"[2.0, 3.0]"});
  EXPECT_EQ(bodies_of(run({"[1, 2]"})), Bodies{"[2.0, 3.0]"});
}

TEST_F(TorchLaneTest, AnInputThatIsRefusedMeasuresNothing) {
  open("one row", 4);
  const LaneResult refused = run({"[1, 2]"});
  EXPECT_EQ(refused.answers[0].status, 500);
  EXPECT_EQ(bodies_of(refused), Bodies{"one row is wanted\n"});
  EXPECT_EQ(bodies_of(run({"[1]"})), Bodies{"[1.0]"});
}

class TorchUnderTest final : public EngineUnderTest {
 public:
  Engine& engine() override { return engine_; }
  std::string answer_to(int number) override { return "[" + std::to_string(2 * number) + ".0]"; }

 private:
  TemporaryFolder folder_;
  SystemClock clock_;
  Logger logger_;
  TorchEngine engine_{{.plugin = fake_plugin(),
                       .environment = "default",
                       .model_folder = folder_.path(),
                       .device = "double"},
                      clock_,
                      logger_};
};

std::unique_ptr<EngineUnderTest> make_torch() { return std::make_unique<TorchUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Torch, EngineConformance, engines_of(&make_torch));

TEST_F(TorchEngineTest, NoLaneIsOpenedUntilARunThatWasLeftHasComeBack) {
  TorchEngine engine(
      {.plugin_folder = plugin(), .environment = "default", .model_folder = model(), .device = ""},
      clock_, logger_);
  const auto refusal = [&engine] { return engine.open_lane(Duration::max()).error().message; };
  auto run = std::make_shared<int>(0);
  engine.leave(run);
  EXPECT_NE(refusal().find("1 runs of the model have not come back"), std::string::npos);
  run.reset();
  EXPECT_NE(refusal().find("none has been built"), std::string::npos);
}

TEST(EngineFolder, IsOneOfEachEnvironment) {
  EXPECT_EQ(engine_folder("/data", "/a/bin/python"), engine_folder("/data", "/a/bin/python3"));
  EXPECT_NE(engine_folder("/data", "/a/bin/python"), engine_folder("/data", "/b/bin/python"));
}

TEST(RunThread, DoesOneThingAfterTheOther) {
  const SystemClock clock;
  RunThread thread(clock);
  int done = 0;
  const auto never = [] { return false; };
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(thread.run([&done] { ++done; }, clock.steady() + std::chrono::seconds(60), never));
  EXPECT_EQ(done, 3);
}

TEST(RunThread, IsLeftWhereItDoesNotComeBack) {
  const SystemClock clock;
  const auto gate = std::make_shared<Gate>();
  {
    RunThread thread(clock);
    EXPECT_FALSE(thread.run([gate] { gate->pass(); }, clock.steady(), [] { return false; }));
  }
  {
    RunThread thread(clock);
    EXPECT_FALSE(thread.run([gate] { gate->pass(); }, Duration::max(), [] { return true; }));
  }
  gate->open();
}

}  // namespace
}  // namespace clary::serving
