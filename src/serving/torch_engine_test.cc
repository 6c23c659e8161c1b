// The torch engine without torch: what it refuses, and the thread that is left to itself.
#include "serving/torch_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "serving/fake_engine.h"
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
