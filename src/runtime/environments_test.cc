#include "runtime/environments.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/json.h"

namespace clary::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Made-up interpreters: shell scripts that answer the probe, and count how often they were asked.
class EnvironmentsTest : public testing::Test {
 protected:
  ~EnvironmentsTest() override { static_cast<void>(remove_tree(folder_)); }

  // <folder>/<name>/bin/python3, which has these packages.
  std::string interpreter(const std::string& name,
                          const std::map<std::string, std::string>& packages) {
    Document found = Document::object();
    for (const auto& [package, version] : packages) found.set(package, version);
    const std::string prefix = path_join(folder_, name);
    const std::string python = path_join(prefix, "bin/python3");
    const Document answer = Document::object({{"clary_probe", 1},
                                              {"python", python},
                                              {"version", "3.11.7"},
                                              {"prefixes", Document::array({prefix})},
                                              {"packages", std::move(found)}});
    script(python, "echo asked >> " + prefix + "/asked; echo '" + to_json(answer) + "'");
    return python;
  }
  void script(const std::string& path, const std::string& text) {
    ASSERT_TRUE(make_folders(folder_of(path)).ok());
    ASSERT_TRUE(write_file_atomically(path, "#!/bin/sh\n" + text + "\n", 0755).ok());
  }
  std::size_t asked(const std::string& name) {
    return read_file(path_join(folder_, name + "/asked")).value_or("").size() / 6;
  }
  Environments open() {
    return Environments({.data_folder = folder_,
                         .preferred = preferred_,
                         .virtual_env = virtual_env_,
                         .path = path_,
                         .strictness = strictness_,
                         .probe_timeout = std::chrono::seconds(20)});
  }
  // The environment that takes an image's place, and what is said of it: "name: notices", or the
  // error.
  std::string choose(const std::string& image, bool script_mode = true) {
    const auto choice = open().choose(image, script_mode);
    if (!choice.ok()) return choice.error().message;
    std::string text = choice->name + ":";
    for (const std::string& notice : choice->notices) text += " " + notice;
    return text;
  }

  char pattern_[40] = "/tmp/clary_environments_XXXXXX";
  std::string folder_ = mkdtemp(pattern_);
  std::string preferred_;
  std::string virtual_env_;
  std::string path_;
  Strictness strictness_ = Strictness::kNearest;
};

TEST_F(EnvironmentsTest, TheDefaultIsTheVirtualEnvironmentElseTheFirstPython3OnThePath) {
  interpreter("first", {});
  interpreter("second", {});
  path_ = "/no/such:" + folder_ + ":" + folder_ + "/first/bin:" + folder_ + "/second/bin";
  Environment found = open().list().at(0);
  EXPECT_EQ(found.name, "default");
  EXPECT_EQ(found.origin, "PATH");
  EXPECT_EQ(found.interpreter.python, folder_ + "/first/bin/python3");
  EXPECT_THAT(found.interpreter.prefixes, ElementsAre(folder_ + "/first"));
  EXPECT_EQ(found.interpreter.python_version, "3.11.7");

  virtual_env_ = folder_ + "/second";
  ASSERT_EQ(symlink("python3", (virtual_env_ + "/bin/python").c_str()), 0);
  found = open().list().at(0);
  EXPECT_EQ(found.origin, "VIRTUAL_ENV");
  EXPECT_EQ(found.interpreter.python, folder_ + "/second/bin/python3");
}

TEST_F(EnvironmentsTest, ASettingTakesTheDefaultsPlace) {
  path_ = folder_ + "/first/bin";
  interpreter("first", {});
  const std::string second = interpreter("second", {});
  preferred_ = second;
  EXPECT_EQ(open().list().at(0).origin, "setting");
  EXPECT_EQ(open().list().at(0).interpreter.python, second);
  ASSERT_TRUE(open().add("mine", second).ok());
  preferred_ = "mine";
  EXPECT_EQ(open().list().at(0).name, "mine");
  EXPECT_EQ(open().list().at(1).interpreter.python, folder_ + "/first/bin/python3");
}

TEST_F(EnvironmentsTest, ASettingThatNamesNoneIsRefused) {
  EXPECT_TRUE(open().check_preferred().ok());
  const std::string python = interpreter("mine", {});
  ASSERT_TRUE(open().add("mine", python).ok());
  for (const std::string& named : {std::string("mine"), python, folder_ + "/mine"}) {
    preferred_ = named;
    EXPECT_EQ(open().check_preferred().ok(), named != folder_ + "/mine") << "it has no bin/python";
  }
  preferred_ = "mihe";
  EXPECT_EQ(open().check_preferred().error().message,
            "there is no environment 'mihe', did you mean 'mine'? `clary environments add mihe "
            "PATH` adds it");
  preferred_ = "/nowhere/python";
  EXPECT_EQ(open().check_preferred().error().code, ErrorCode::kInvalidArgument);
  preferred_ = "another";
  ASSERT_TRUE(open().add("another", python).ok());
  EXPECT_TRUE(open().check_preferred().ok());
}

TEST_F(EnvironmentsTest, AnInterpreterIsAskedOnceUntilItChanges) {
  interpreter("a", {{"torch", "2.0"}});
  path_ = folder_ + "/a/bin";
  open().list();
  open().list();
  EXPECT_EQ(asked("a"), 1U);
  interpreter("a", {{"torch", "2.1"}});
  timespec times[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder_ + "/a/bin/python3").c_str(), times, 0), 0);
  EXPECT_EQ(open().list().at(0).interpreter.packages.at("torch"), "2.1");
  EXPECT_EQ(asked("a"), 2U);
  ASSERT_TRUE(open().probe("default").ok());
  EXPECT_EQ(asked("a"), 3U);
}

TEST_F(EnvironmentsTest, WhatWasAddedIsThereForOthersAndGoesAgain) {
  const std::string python = interpreter("mine", {});
  Environments server = open();
  EXPECT_THAT(server.list(), IsEmpty());
  ASSERT_TRUE(open().add("mine", python).ok());
  ASSERT_EQ(server.list().size(), 1U);
  EXPECT_EQ(server.list()[0].name, "mine");
  EXPECT_EQ(open().add("mine", python).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(open().probe("mihe").error().message,
            "environment 'mihe': there is none of this name; did you mean 'mine'?");
  ASSERT_TRUE(open().remove("mine").ok());
  EXPECT_THAT(server.list(), IsEmpty());
  EXPECT_TRUE(exists(python));
  EXPECT_EQ(open().remove("mine").error().code, ErrorCode::kNotFound);
}

TEST_F(EnvironmentsTest, WhatIsNoPythonIsRefused) {
  const std::string broken = path_join(folder_, "broken/python3");
  script(broken, "echo 'no such module: json' >&2; exit 1");
  const std::string mute = path_join(folder_, "mute/python3");
  script(mute, "echo hello");
  EXPECT_THAT(open().add("x", broken).error().message, HasSubstr("no such module: json"));
  EXPECT_THAT(open().add("x", mute).error().message, HasSubstr("not a usable Python 3: it is"));
  EXPECT_EQ(open().add("x", "/bin/ls").error().message,
            "environment 'x': '/bin/ls': not a usable Python 3: it is another program");
  EXPECT_THAT(open().add("x", "/no/such").error().message, HasSubstr("/no/such"));
  for (const char* name : {"", "-x", "../x", "a/b", "A", "default", ".x"}) {
    EXPECT_EQ(open().add(name, mute).error().code, ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(open().create({.name = "x", .packages = {"--index-url=x"}}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(EnvironmentsTest, ABrokenInterpreterIsNotRunAgainForEveryJob) {
  const std::string python = folder_ + "/bad/bin/python3";
  script(python, "echo asked >> " + folder_ + "/bad/asked; exit 1");
  path_ = folder_ + "/bad/bin";
  Environments environments = open();
  EXPECT_THAT(environments.list().at(0).problem, HasSubstr("it ended with code 1"));
  EXPECT_THAT(environments.list().at(0).problem, HasSubstr("it ended with code 1"));
  EXPECT_EQ(asked("bad"), 1U);
  EXPECT_FALSE(environments.probe("default").value().problem.empty());
  EXPECT_EQ(asked("bad"), 2U);
}

TEST_F(EnvironmentsTest, OfSeveralTheNearestVersionThatIsNotOlderIsChosen) {
  for (const char* version : {"1.4.0", "1.7.1", "1.9.0", "2.13.0+cpu"}) {
    const std::string name = std::string("torch-") + version[0] + version[2];
    ASSERT_TRUE(open().add(name, interpreter(name, {{"torch", version}})).ok());
  }
  EXPECT_EQ(choose("x/pytorch-training:1.8.1-cpu-py3"),
            "torch-19: image asks torch 1.8.1, running 1.9.0");
  EXPECT_EQ(choose("x/pytorch-training:1.9-cpu-py3"), "torch-19:");
  EXPECT_EQ(choose("x/pytorch-training:1.7.0-cpu-py3"),
            "torch-17: image asks torch 1.7.0, running 1.7.1");
  EXPECT_EQ(choose("x/pytorch-training:2.13.0-cpu-py3"), "torch-21:");
  EXPECT_EQ(choose("x/pytorch-training:3.0-cpu-py3"),
            "torch-21: image asks torch 3.0, running 2.13.0+cpu");
  EXPECT_EQ(choose("x/pytorch-training:latest"), "torch-14:");
}

TEST_F(EnvironmentsTest, AFrameworkThatIsNowhereNamesTheCommandThatMendsIt) {
  interpreter("a", {{"numpy", "2.0"}});
  path_ = folder_ + "/a/bin";
  EXPECT_EQ(choose("x/pytorch-training:1.8.1-cpu-py3"),
            "no Python environment has torch, which image 'x/pytorch-training:1.8.1-cpu-py3' "
            "brings; looked at: default. To mend it: clary environments create pytorch torch");
  EXPECT_THAT(choose("x/huggingface-pytorch-training:1.7-transformers4.6-gpu-py36"),
              HasSubstr("clary environments create huggingface transformers torch"));
}

TEST_F(EnvironmentsTest, StrictVersionsMakeADifferenceAFailure) {
  interpreter("a", {{"torch", "2.13.0"}});
  path_ = folder_ + "/a/bin";
  EXPECT_EQ(choose("x/pytorch-training:1.8.1-cpu-py3"),
            "default: image asks torch 1.8.1, running 2.13.0");
  strictness_ = Strictness::kExact;
  EXPECT_EQ(choose("x/pytorch-training:1.8.1-cpu-py3"),
            "image asks torch 1.8.1, running 2.13.0, and strict_versions is set. To mend it: clary "
            "environments create pytorch-1.8.1 torch==1.8.1");
  EXPECT_EQ(choose("x/pytorch-training:2.13-cpu-py3"), "default:");
}

TEST_F(EnvironmentsTest, AnImageThatNamesNoFrameworkRunsScriptsOnly) {
  interpreter("a", {});
  path_ = folder_ + "/a/bin";
  EXPECT_EQ(choose("python:3.11"),
            "default: image 'python:3.11': running in the environment 'default' (Python 3.11.7)");
  EXPECT_EQ(choose("registry/team/myimage:latest"),
            "image 'registry/team/myimage:latest' names no framework, and no environment is called "
            "'myimage'. To mend it: clary environments add myimage /path/to/python3");
  EXPECT_EQ(choose("!!not an image!!"),
            "image '!!not an image!!' names no framework, and no environment can be called '!!not "
            "an image!!'. To mend it: give the job an image whose last part is the name of one "
            "(`clary environments`)");
  EXPECT_THAT(choose("myimage:latest", false), HasSubstr("no container engine here"));
  ASSERT_TRUE(open().add("myimage", interpreter("b", {})).ok());
  EXPECT_EQ(choose("registry/team/myimage:latest"), "myimage:");
  ASSERT_TRUE(open().remove("myimage").ok());
  path_ = "";
  EXPECT_THAT(choose("python:3.11"), HasSubstr("clary environments add python /"));
}

TEST_F(EnvironmentsTest, BuiltInAlgorithmsAreRefusedByName) {
  interpreter("a", {{"xgboost-cpu", "3.0"}});
  path_ = folder_ + "/a/bin";
  EXPECT_THAT(choose("x/linear-learner:1"), HasSubstr("built-in algorithm linear-learner"));
  EXPECT_THAT(choose("x/xgboost:1", false), HasSubstr("built-in algorithm xgboost"));
  EXPECT_EQ(choose("x/sagemaker-xgboost:1.7-1"), "default: image asks xgboost 1.7, running 3.0");
}

TEST_F(EnvironmentsTest, ARealInterpreterAnswersTheProbe) {
  const auto probed = probe_interpreter("/usr/bin/python3", std::chrono::seconds(60));
  ASSERT_TRUE(probed.ok()) << probed.error().message;
  EXPECT_THAT(probed->interpreter.python, HasSubstr("python3"));
  EXPECT_THAT(probed->interpreter.prefixes, testing::Contains("/usr"));
  EXPECT_FALSE(probed->interpreter.sys_path.empty());
  const auto copy = ProbedInterpreter::from_document(probed->to_document()).value();
  EXPECT_EQ(copy.interpreter.packages, probed->interpreter.packages);
  EXPECT_EQ(copy.interpreter.sys_path, probed->interpreter.sys_path);
  EXPECT_TRUE(copy.is_fresh());
}

}  // namespace
}  // namespace clary::runtime
