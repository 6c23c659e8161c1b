#include "host/entry_point.h"

#include <gtest/gtest.h>

namespace clary::host {
namespace {

using Words = std::vector<std::string>;
constexpr const char* kImagePython = "/usr/local/bin/python3";

// Source: training_env_oracle.md, section 4, "Entry points".
struct EntryPointCase {
  const char* name;
  bool has_setup_py;
  bool has_requirements;
  Words command;
  Words install;
};
class EntryPoints : public testing::TestWithParam<EntryPointCase> {};

TEST_P(EntryPoints, RunAsTheToolkitRunsThem) {
  const auto& [name, has_setup_py, has_requirements, command, install] = GetParam();
  const EntryPointKind kind = entry_point_kind(name, has_setup_py);
  EXPECT_EQ(entry_point_command(kind, kImagePython, name, {"--epochs", "1"}), command);
  EXPECT_EQ(install_arguments(kind, has_requirements), install);
}
INSTANTIATE_TEST_SUITE_P(
    Oracle, EntryPoints,
    testing::Values(
        EntryPointCase{"src/train.py",
                       false,
                       false,
                       {kImagePython, "--", "src/train.py", "--epochs", "1"},
                       {}},
        EntryPointCase{"run.sh", false, true, {"/bin/sh", "-c", "./run.sh --epochs 1"}, {}},
        EntryPointCase{"run.sh", true, true, {"/bin/sh", "-c", "./run.sh --epochs 1"}, {}},
        EntryPointCase{"runme", false, true, {"/bin/sh", "-c", "./runme --epochs 1"}, {}},
        EntryPointCase{"pkgmod.py",
                       true,
                       false,
                       {kImagePython, "-m", "pkgmod", "--epochs", "1"},
                       {"-m", "pip", "install", "."}},
        EntryPointCase{"pkgmod.py",
                       true,
                       true,
                       {kImagePython, "-m", "pkgmod", "--epochs", "1"},
                       {"-m", "pip", "install", ".", "-r", "requirements.txt"}},
        EntryPointCase{"train.py",
                       false,
                       true,
                       {kImagePython, "--", "train.py", "--epochs", "1"},
                       {"-m", "pip", "install", "-r", "requirements.txt"}}));

TEST(EntryPointCommand, QuotesWordsForTheShell) {
  const Words command = entry_point_command(EntryPointKind::kCommand, kImagePython, "run.sh",
                                            {"--title", "it's $HOME", ""});
  EXPECT_EQ(command.back(), R"(./run.sh --title 'it'"'"'s $HOME' '')");
}

TEST(CheckEntryPoint, RefusesWhatLeavesTheCodeFolder) {
  for (const char* name : {"", "/etc/passwd", "../x.py", "a/../x.py", "./x.py", "a//b.py", "-c",
                           "a b.py", "x;y.sh", "+x", "é.py"}) {
    EXPECT_FALSE(check_entry_point(name).ok()) << name;
  }
  for (const char* name : {"train.py", "src/train.py", "bin/run-me_2.sh", ".hidden.py"}) {
    EXPECT_TRUE(check_entry_point(name).ok()) << name;
  }
}

}  // namespace
}  // namespace clary::host
