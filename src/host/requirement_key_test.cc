#include "host/requirement_key.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "host/requirement_overlay.h"
#include "host/test_folder.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;

TEST(PinnedLine, MeansOneThingOnly) {
  for (const char* line :
       {"", "# words", "six==1.16.0", "six == 1.16.0 ; python_version > '3'", "./pkg", "-e ./pkg",
        "wheels/a-1-py3-none-any.whl", "x @ https://h/x.whl#sha256=00", "--index-url https://i",
        "-f ./wheels"}) {
    EXPECT_TRUE(is_pinned_line(line)) << line;
  }
  for (const char* line : {"six", "six>=1.0", "six==1.*", "six; python_version == '3.11'",
                           "git+https://h/x.git", "-e git+https://h/x.git", "--pre"}) {
    EXPECT_FALSE(is_pinned_line(line)) << line;
  }
}

TEST(LocalPath, IsFoundInEveryFormPipKnows) {
  EXPECT_EQ(local_path_of("./pkg[extra]"), "./pkg");
  EXPECT_EQ(local_path_of("-e ./pkg"), "./pkg");
  EXPECT_EQ(local_path_of("--editable=./pkg"), "./pkg");
  EXPECT_EQ(local_path_of("-f./wheels"), "./wheels");
  EXPECT_EQ(local_path_of("--find-links /w # here"), "/w");
  EXPECT_EQ(local_path_of("file:///x/y.whl"), "/x/y.whl");
  EXPECT_EQ(local_path_of("pkg @ file:///x/y.whl"), "/x/y.whl");
  EXPECT_EQ(local_path_of("lib/pkg"), "lib/pkg");
  EXPECT_EQ(local_path_of("six==1.16.0"), "");
  EXPECT_EQ(local_path_of("x @ https://h/x.whl"), "");
  EXPECT_EQ(local_path_of("git+https://h/x.git"), "");
  EXPECT_EQ(local_path_of("--extra-index-url https://i"), "");
}

class RequirementKeyTest : public testing::Test {
 protected:
  std::string key() {
    Result<RequirementKey> made = requirement_key(input_);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? made->key : "";
  }
  TestFolder folder_;
  RequirementInput input_{.code_folder = folder_.path(),
                          .arguments = {"-m", "pip", "install", "-r", "requirements.txt"},
                          .python = "/env/bin/python",
                          .python_version = "3.11.2",
                          .base_packages = {"torch==2.13.0"},
                          .pip_settings = {{"PIP_INDEX_URL", "https://i"}}};
};

TEST_F(RequirementKeyTest, ChangesWithEverythingItStandsFor) {
  folder_.write("requirements.txt", "-r more/req.txt\n./pkg\n");
  folder_.write("more/req.txt", "six==1.16.0\n");
  folder_.write("pkg/setup.py", "1");
  folder_.write("train.py", "x");
  std::set<std::string> keys = {key()};
  folder_.write("train.py", "another script");
  EXPECT_TRUE(keys.contains(key())) << "the script is none of it";
  folder_.write("pkg/setup.py", "2");
  EXPECT_TRUE(keys.insert(key()).second);
  folder_.write("pkg/new", "");
  EXPECT_TRUE(keys.insert(key()).second);
  folder_.write("more/req.txt", "six==1.15.0\n");
  EXPECT_TRUE(keys.insert(key()).second);
  folder_.write("requirements.txt", "-r more/req.txt\n./pkg\n# words\n");
  EXPECT_TRUE(keys.insert(key()).second);
  input_.pip_settings["PIP_INDEX_URL"] = "https://other";
  EXPECT_TRUE(keys.insert(key()).second);
  input_.base_packages = {"torch==2.12.0"};
  EXPECT_TRUE(keys.insert(key()).second);
  input_.python = "/other/bin/python";
  EXPECT_TRUE(keys.insert(key()).second);
  input_.arguments = {"-m", "pip", "install", ".", "-r", "requirements.txt"};
  EXPECT_TRUE(keys.insert(key()).second);
  folder_.write("train.py", "of a package, everything counts");
  EXPECT_TRUE(keys.insert(key()).second);
}

TEST_F(RequirementKeyTest, KnowsWhatGoesOutOfDate) {
  folder_.write("requirements.txt", "six==1.16.0\n");
  EXPECT_TRUE(requirement_key(input_)->all_pinned);
  folder_.write("requirements.txt", "six==1.16.0\n-r b.txt\n");
  folder_.write("b.txt", "numpy\n");
  EXPECT_FALSE(requirement_key(input_)->all_pinned);
}

TEST_F(RequirementKeyTest, ReadsNothingOfTheMachineOutsideOfTheCode) {
  const TestFolder machine;
  const std::string outside = machine.write("secret/pkg.whl", "one");
  ASSERT_EQ(::symlink(outside.c_str(), folder_.at("link.whl").c_str()), 0);
  for (const std::string& line : {outside, "-f " + machine.at("secret"), "pkg @ file://" + outside,
                                  std::string("./link.whl"), std::string("../") + "beside.whl"}) {
    folder_.write("requirements.txt", line + "\n");
    machine.write("secret/pkg.whl", "one");
    const std::string before = key();
    machine.write("secret/pkg.whl", "another");
    EXPECT_EQ(key(), before) << line << ": the key would tell what is in it";
    EXPECT_FALSE(requirement_key(input_)->all_pinned) << line;
  }
}

TEST_F(RequirementKeyTest, RefusesIncludesThatLeaveOrDoNotEnd) {
  folder_.write("requirements.txt", "-r ../outside.txt\n");
  EXPECT_FALSE(requirement_key(input_).ok());
  folder_.write("requirements.txt", "-r requirements.txt\n");
  EXPECT_EQ(requirement_key(input_).error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(remove_tree(folder_.at("requirements.txt")).ok());
  ASSERT_EQ(::symlink("/etc/passwd", folder_.at("requirements.txt").c_str()), 0);
  EXPECT_FALSE(requirement_key(input_).ok());
}

TEST(PipVariables, TakeWhatConcernsAnInstallation) {
  const auto variables = pip_variables(
      ":env:.cert='/c.crt'\nglobal.extra-index-url='file:///a "
      "file:///b'\ninstall.find-links='/w\\n/v'\n"
      "global.target='/t'\ndownload.dest='/d'\nno equal sign\n");
  const std::map<std::string, std::string> expected = {
      {"PIP_CERT", "/c.crt"},
      {"PIP_EXTRA_INDEX_URL", "file:///a file:///b"},
      {"PIP_FIND_LINKS", "/w /v"}};
  EXPECT_EQ(variables, expected);
}

TEST(RequirementCache, KeepsOneInstallationPerKey) {
  const TestFolder folder;
  const RequirementCache cache(folder.path());
  const TimePoint now = ManualClock().now();
  EXPECT_FALSE(cache.find("k", std::nullopt, now)->has_value());
  const Result<Fd> lock = cache.lock("k");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(cache.lock("k").error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(cache.lock("other").ok());

  const std::string left_behind = cache.begin("k").value();
  const std::string aside = cache.begin("k").value();
  EXPECT_FALSE(exists(left_behind));
  ASSERT_TRUE(
      make_folders(aside + "/prefix/local/lib/python3.11/dist-packages/six-1.16.0.dist-info").ok());
  const Result<RequirementOverlay> made = cache.finish("k", aside, now);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->resolved, std::vector<std::string>{"six==1.16.0"});
  EXPECT_EQ(made->site_folders, std::vector<std::string>{folder.at(
                                    "requirements/k/prefix/local/lib/python3.11/dist-packages")});
  EXPECT_TRUE(cache.find("k", std::nullopt, now)->has_value());
  EXPECT_TRUE(cache.find("k", now - 24h, now)->has_value());
  EXPECT_FALSE(cache.find("k", now + 1s, now)->has_value()) << "out of date";

  ASSERT_TRUE(cache.finish("k", cache.begin("k").value(), now + 25h).ok());
  EXPECT_EQ(list_folder(folder.at("requirements"))->size(), 4U)
      << "two locks, the new one, and the one before, which a job uses";
}

TEST(RequirementCache, RemovesWhatNoJobUses) {
  const TestFolder folder;
  const RequirementCache cache(folder.path(), {.unused_for = std::chrono::days(30), .bytes = 1000});
  const TimePoint now = ManualClock().now();
  const auto install = [&](const std::string& key, std::size_t bytes, TimePoint at) {
    const Fd lock = std::move(cache.lock(key)).value();
    const std::string aside = cache.begin(key).value();
    EXPECT_TRUE(write_file_atomically(aside + "/prefix/file", std::string(bytes, 'x')).ok());
    Result<RequirementOverlay> made = cache.finish(key, aside, at);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(made).value() : RequirementOverlay{};
  };
  const auto there = [&](const std::string& key) {
    return exists(folder.at("requirements/" + key));
  };

  static_cast<void>(install("old", 10, now));
  static_cast<void>(install("old", 20, now + 1h));
  EXPECT_EQ(list_folder(folder.at("requirements"))->size(), 2U)
      << "the lock and the new one; the one before is gone";

  EXPECT_TRUE(there("old"));
  static_cast<void>(install("new", 10, now + std::chrono::days(40)));
  EXPECT_FALSE(there("old")) << "not used for long";

  const RequirementOverlay used = install("used", 600, now + std::chrono::days(41));
  static_cast<void>(install("big", 300, now + std::chrono::days(42)));
  static_cast<void>(cache.find("new", std::nullopt, now + std::chrono::days(43)));
  EXPECT_TRUE(there("big") && there("new"));
  static_cast<void>(install("more", 200, now + std::chrono::days(44)));
  EXPECT_TRUE(there("used")) << "a job has it";
  EXPECT_FALSE(there("big")) << "too much, and longest unused of those that nobody has";
  EXPECT_TRUE(there("new") && there("more"));
}

}  // namespace
}  // namespace clary::host
