// requirements.txt: what is installed for a job, kept for the next, and told when it cannot be.
#include <algorithm>

#include "host/host_fixture.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

class Requirements : public HostFixture {};

TEST_F(Requirements, InstallsBesideTheEnvironmentAndGivesThePathsOfWhatWasInstalled) {
  const std::string python =
      folder_.write("env/bin/python3",
                    "#!/bin/sh\n"
                    "case \"$*\" in *config*) echo \"global.index-url='http://index'\";;\n"
                    "*) echo six==1.15.0; echo torch==2.13.0;; esac\n",
                    0755);
  folder_.write("env/pip.conf", "[global]\n", 0644);
  plan_.interpreter.python = python;
  plan_.interpreter.sys_path = {"/env/lib", "/env/lib/site-packages"};
  set_code({{"train.py", "print(1)"}, {"requirements.txt", "six\n"}});
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec& pip) {
    ASSERT_EQ(pip.argv.size(), 9U);
    EXPECT_EQ(pip.argv[1], "-c");
    EXPECT_EQ(read_file(pip.argv[3]).value(), "six==1.15.0\ntorch==2.13.0\n");
    EXPECT_EQ(Texts(pip.argv.begin() + 4, pip.argv.begin() + 8),
              (Texts{"install", "-r", "requirements.txt", "--prefix"}));
    EXPECT_EQ(variable(pip, "PIP_INDEX_URL"), "http://index");
    ASSERT_TRUE(
        make_folders(pip.argv[8] + "/lib/python3.11/site-packages/six-1.16.0.dist-info").ok());
    ASSERT_TRUE(make_folders(pip.argv[8] + "/bin").ok());
  }});
  lives_.push_back({});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_TRUE(logged("Installed for this job: six==1.16.0 (in place of 1.15.0)"));
  EXPECT_TRUE(noticed(": requirements 1.")) << "what took long before the script is said";
  const std::string path = variable(sandbox_.spawned[1], "PYTHONPATH");
  EXPECT_NE(path.find("/env/lib:" + folder_.at("cache") + "/requirements/"), std::string::npos)
      << path;
  EXPECT_TRUE(path.ends_with("site-packages:/env/lib/site-packages")) << path;
  EXPECT_NE(variable(sandbox_.spawned[1], "PATH").find("/prefix/bin:"), std::string::npos);

  // Unpinned: good for a day, then installed again.
  again();
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(sandbox_.spawned.size(), 3U);
  again();
  clock_.advance(25h);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(sandbox_.spawned.size(), 5U);
}

TEST_F(Requirements, TheInstallerIsShownWhatTheMachinesSettingsNameAndNothingTheJobNames) {
  const std::string wheels = folder_.at("wheels");
  const std::string mirror = folder_.at("mirror");
  const std::string secret = folder_.at("secret");
  folder_.write("env/pip.conf", "[global]\n", 0644);
  for (const std::string& path : {wheels, mirror + "/simple", secret})
    ASSERT_TRUE(make_folders(path).ok());
  plan_.interpreter.python = folder_.write(
      "env/bin/python3",
      "#!/bin/sh\ncase \"$*\" in *config*) echo \"global.find-links='" + wheels +
          "'\"; echo \"global.index-url='file://" + mirror + "/simple/'\";; *) echo a==1;; esac\n",
      0755);
  plan_.environment = {{"PIP_FIND_LINKS", secret}, {"PIP_CONFIG_FILE", secret + "/pip.conf"}};
  set_code({{"train.py", "print(1)"}, {"requirements.txt", "six\n"}});
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec& pip) {
    EXPECT_EQ(variable(pip, "PIP_FIND_LINKS"), secret)
        << "the job's word counts, for what is there";
  }});
  lives_.push_back({});
  ASSERT_EQ(run(), kHostReported);
  const auto shown = [](const compute::SandboxSpec& spec, const std::string& path) {
    return std::ranges::any_of(spec.mounts, [&](const auto& m) { return m.source == path; });
  };
  ASSERT_EQ(sandbox_.prepared.size(), 2U);
  EXPECT_TRUE(shown(sandbox_.prepared[0], wheels));
  EXPECT_TRUE(shown(sandbox_.prepared[0], mirror)) << "its pages name files beside them";
  EXPECT_FALSE(shown(sandbox_.prepared[0], secret));
  for (const std::string& path : {wheels, mirror, secret})
    EXPECT_FALSE(shown(sandbox_.prepared[1], path)) << "not to the script: " << path;
}

TEST_F(Requirements, AFailedInstallationIsTheOutcomeAndLeavesNothing) {
  plan_.interpreter.python = folder_.write("env/bin/python3", "#!/bin/sh\n", 0755);
  set_code({{"train.py", "print(1)"}, {"requirements.txt", "none\n"}});
  lives_.push_back({.ends_with = {.code = 1},
                    .standard_error = "ERROR: No matching distribution found for none\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(),
            "AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage \"\"\n"
            "ExtraInfo \"ERROR: No matching distribution found for none\"\nCommand \"" +
                plan_.interpreter.python + " -m pip install -r requirements.txt\", exit code: 1");
  for (const std::string& name : list_folder(folder_.at("cache/requirements")).value_or({}))
    EXPECT_TRUE(name.ends_with(".lock")) << name;
  EXPECT_EQ(sandbox_.spawned.size(), 1U) << "the script does not run";
}

}  // namespace
}  // namespace clary::host
