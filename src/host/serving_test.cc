// A serving job on its host: what is staged, how its model server is started, what its end means.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/host_fixture.h"
#include "host/serving_program.h"
#include "host/supervision.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Asked for its packages and for pip's settings, of which there are none.
constexpr const char* kPython =
    "#!/bin/sh\ncase \"$*\" in *config*) ;; *) echo six==1.15.0;; esac\n";

// What follows `name` in a command line; "" where it is not there.
std::string after(const std::vector<std::string>& argv, const std::string& name) {
  const auto found = std::find(argv.begin(), argv.end(), name);
  return found == argv.end() || found + 1 == argv.end() ? "" : *(found + 1);
}

class ServingHost : public HostFixture {
 protected:
  void SetUp() override {
    HostFixture::SetUp();
    plan_.kind = "serving";
    plan_.job_arn = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e";
    plan_.hyperparameters = {};
    plan_.output_uri = "";
    plan_.model = {.form = "archive", .uri = "s3://b/m/model.tar.gz"};
    plan_.serving_socket = folder_.at("serve/serve.sock");
    plan_.max_runtime_seconds = 0;
    plan_.stop_grace_seconds = 30;
    plan_.cores = 2;
    put_object("m/model.tar.gz", tar_of({{"model.pt", "weights"}, {"code/inference.py", "pass"}}));
  }
  // The model server lives until the server stops it.
  FakeLife until_stopped(std::function<void(const compute::ProcessSpec&)> on_spawn = {}) {
    return {.runs_for = 24h * 365, .on_spawn = std::move(on_spawn), .on_wait = [this] {
              link_.requests.stop(30s);
            }};
  }
  std::string outcome() const { return ended().string_or("outcome", ""); }
};

TEST_F(ServingHost, RunsTheModelServerOnItsModelUntilItIsStopped) {
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    EXPECT_THAT(server.argv,
                ElementsAre("/run/clary/bin/clary", "model-server", "/opt/ml/model", "--no-reload",
                            "--listen", "unix:serve.sock", "--interpreter", "/env/bin/python3",
                            "--data", "/run/clary/serve/data", "--workers", "2"));
    EXPECT_EQ(server.working_folder, "/run/clary/serve") << "the socket's name is relative to it";
    EXPECT_EQ(folder_.read("ml/model/model.pt"), "weights");
    EXPECT_EQ(folder_.read("ml/model/code/inference.py"), "pass");
    struct stat found{};
    ASSERT_EQ(::stat(folder_.at("serve").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0700U) << "nobody else reaches the socket";
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
  EXPECT_EQ(link_.phases(), (Texts{"downloading", "training", "stopping", "ended"}));
  EXPECT_THAT(sandbox_.signals, ElementsAre(SIGTERM));
  EXPECT_FALSE(exists(folder_.at("serve"))) << "what it fetched and unpacked is gone";
  EXPECT_FALSE(exists(ml("model")));
}

TEST_F(ServingHost, ItsSandboxShowsTheSocketsFolderAndTheProgram) {
  plan_.gpu_devices = {"/dev/nvidia0"};
  lives_.push_back(until_stopped());
  ASSERT_EQ(run(), kHostReported);
  const compute::SandboxSpec& spec = sandbox_.prepared.at(0);
  const auto shown = [&](const std::string& target) {
    for (const compute::Mount& mount : spec.mounts) {
      if (mount.target == target) return mount;
    }
    return compute::Mount{};
  };
  EXPECT_EQ(shown("/run/clary/serve").source, folder_.at("serve"));
  EXPECT_TRUE(shown("/run/clary/serve").writable);
  EXPECT_EQ(shown("/run/clary/bin/clary").source, "/test/bin/clary");
  EXPECT_FALSE(shown("/run/clary/bin/clary").writable);
  EXPECT_EQ(spec.gpu_devices, Texts{"/dev/nvidia0"});
}

TEST_F(ServingHost, APlainProcessHasTheMachinesPaths) {
  plan_.sandbox = "process";
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    EXPECT_EQ(server.argv.at(0), "/test/bin/clary");
    EXPECT_EQ(server.working_folder, folder_.at("serve"));
    EXPECT_EQ(after(server.argv, "--listen"), "unix:serve.sock");
    EXPECT_EQ(after(server.argv, "--data"), folder_.at("serve/data"));
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
  for (const compute::Mount& mount : sandbox_.prepared.at(0).mounts)
    EXPECT_EQ(mount.target, mount.source) << "nothing can be moved";
}

TEST_F(ServingHost, AnAcceleratorMeansTheTorchEngineFirst) {
  plan_.accelerator_type = "ml.eia2.medium";
  plan_.engine_folder = "/d/engines/e";
  lives_.push_back(until_stopped());
  ASSERT_EQ(run(), kHostReported);
  const Texts& command = sandbox_.spawned.at(0).argv;
  EXPECT_THAT(Texts(command.end() - 4, command.end()),
              ElementsAre("--engine", "torch-first", "--engine-folder", "/run/clary/engine"));
  const auto& mounts = sandbox_.prepared.at(0).mounts;
  EXPECT_TRUE(std::ranges::any_of(mounts, [](const compute::Mount& mount) {
    return mount.source == "/d/engines/e" && mount.target == "/run/clary/engine" && !mount.writable;
  }));
}

TEST_F(ServingHost, ItsVariablesAreThoseOfAnInferenceContainer) {
  plan_.environment = {{"SAGEMAKER_PROGRAM", "inference.py"},
                       {"SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/model/code"},
                       {"PYTHONPATH", "/mine"}};
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    EXPECT_EQ(variable(server, "SM_MODEL_DIR"), "/opt/ml/model");
    EXPECT_EQ(variable(server, "SAGEMAKER_PROGRAM"), "inference.py");
    EXPECT_EQ(variable(server, "SAGEMAKER_SUBMIT_DIRECTORY"), "/opt/ml/model/code");
    EXPECT_EQ(variable(server, "PYTHONPATH"), "/opt/ml/model/code:/mine");
    EXPECT_EQ(variable(server, "AWS_REGION"), "us-east-1");
    EXPECT_EQ(variable(server, "AWS_ENDPOINT_URL"), "http://127.0.0.1:4580");
    EXPECT_EQ(variable(server, "AWS_CONTAINER_AUTHORIZATION_TOKEN"), "cred-token-0123456789");
    for (const char* absent : {"TRAINING_JOB_NAME", "SAGEMAKER_TRAINING_MODULE",
                               "SAGEMAKER_MULTI_MODEL", "SM_CHANNELS", "DMLC_INTERFACE"})
      EXPECT_EQ(variable(server, absent), "<absent>") << absent;
  }));
  ASSERT_EQ(run(), kHostReported);
}

TEST_F(ServingHost, ItsOwnVariablesSayHowManyWorkersThereAre) {
  plan_.environment = {{"SAGEMAKER_MODEL_SERVER_WORKERS", "1"}};
  lives_.push_back(until_stopped());
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(sandbox_.spawned.at(0).argv, testing::Not(testing::Contains("--workers")));
}

TEST_F(ServingHost, HasNoEndOfItsOwn) {
  EXPECT_EQ(runtime_limit(0), Duration::max());
  EXPECT_EQ(runtime_limit(60), Duration(60s));
  lives_.push_back({.runs_for = 10s});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_EQ(failure(), "The model server ended with exit code 0");
}

TEST_F(ServingHost, AnEndThatNobodyAskedForIsAFailureWithItsLastWords) {
  lives_.push_back({.ends_with = {.code = 1},
                    .standard_output = "GET /ping 503\n",
                    .standard_error = "Traceback (most recent call last):\n"
                                      "  File \"/opt/ml/model/code/inference.py\", line 3\n"
                                      "ModuleNotFoundError: No module named 'nosuch'\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_EQ(failure(),
            "The model server ended with exit code 1: Traceback (most recent call last):\n"
            "  File \"/opt/ml/model/code/inference.py\", line 3\n"
            "ModuleNotFoundError: No module named 'nosuch'");
  EXPECT_EQ(ended().int_or("exit_code", 0), 1);
  EXPECT_FALSE(logged("training FAILURE"));
}

TEST_F(ServingHost, ASignalIsNamed) {
  lives_.push_back({.ends_with = {.signal = SIGKILL, .out_of_memory = true}});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(failure(), HasSubstr("OutOfMemory"));
  EXPECT_EQ(ended().int_or("exit_code", 0), 137);
}

TEST_F(ServingHost, OneObjectAndAPrefixAreAsTheyAre) {
  put_object("p/1/saved_model.pb", "graph");
  put_object("p/1/variables/x", "values");
  put_object("p-other/no", "no");
  plan_.model = {.form = "objects", .uri = "s3://b/p"};
  lives_.push_back(until_stopped([&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/model/1/saved_model.pb"), "graph");
    EXPECT_EQ(folder_.read("ml/model/1/variables/x"), "values");
    EXPECT_FALSE(exists(ml("model/no")));
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();

  again();
  plan_.model = {.form = "object", .uri = "s3://b/m/model.tar.gz"};
  lives_.push_back(until_stopped([&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/model/model.tar.gz"), object("m/model.tar.gz")) << "not unpacked";
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
}

TEST_F(ServingHost, ManyModelsAreFetchedByTheModelServer) {
  plan_.model = {.form = "archive", .uri = "s3://b/models/", .many = true};
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    EXPECT_EQ(Texts(server.argv.begin() + 1, server.argv.begin() + 5),
              (Texts{"model-server", "--multi-model", "--models-from", "s3://b/models/"}));
    EXPECT_EQ(variable(server, "SAGEMAKER_MULTI_MODEL"), "true");
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
}

TEST_F(ServingHost, CodeThatWasLeftInS3IsStagedBesideTheModel) {
  plan_.environment = {{"SAGEMAKER_SUBMIT_DIRECTORY", "s3://b/src/sourcedir.tar.gz"}};
  put_object("src/sourcedir.tar.gz", tar_of({{"inference.py", "mine"}}));
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    EXPECT_EQ(folder_.read("ml/code/inference.py"), "mine");
    EXPECT_EQ(variable(server, "SAGEMAKER_SUBMIT_DIRECTORY"), "/opt/ml/code");
    EXPECT_EQ(variable(server, "PYTHONPATH"), "/opt/ml/code");
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
}

TEST_F(ServingHost, WhatItsCodeRequiresIsInstalledBeforeItStarts) {
  plan_.interpreter.python = folder_.write("env/bin/python3", kPython, 0755);
  plan_.interpreter.sys_path = {"/env/lib", "/env/lib/site-packages"};
  put_object("m/model.tar.gz", tar_of({{"code/requirements.txt", "six\n"}}));
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec& pip) {
    EXPECT_EQ(pip.working_folder, "/opt/ml/model/code");
    ASSERT_TRUE(make_folders(pip.argv.back() + "/lib/python3.11/site-packages").ok());
  }});
  lives_.push_back(until_stopped([&](const compute::ProcessSpec& server) {
    const std::string path = variable(server, "PYTHONPATH");
    EXPECT_THAT(path, StartsWith("/opt/ml/model/code:/env/lib:" + folder_.at("cache") + "/"));
    EXPECT_TRUE(path.ends_with("site-packages:/env/lib/site-packages")) << path;
  }));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
}

TEST_F(ServingHost, RequirementsThatCannotBeInstalledEndIt) {
  plan_.interpreter.python = folder_.write("env/bin/python3", kPython, 0755);
  put_object("m/model.tar.gz", tar_of({{"code/requirements.txt", "none\n"}}));
  lives_.push_back({.ends_with = {.code = 1}, .standard_error = "ERROR: no such thing\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_THAT(failure(), HasSubstr("InstallRequirementsError"));
  EXPECT_THAT(failure(), HasSubstr("no such thing"));
  EXPECT_EQ(sandbox_.spawned.size(), 1U) << "the model server was not started";
}

TEST_F(ServingHost, ModelDataThatCannotBeStagedIsNamed) {
  plan_.model.uri = "s3://b/m/absent.tar.gz";
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(failure(), StartsWith("ClientError: model data 's3://b/m/absent.tar.gz': "));

  again();
  plan_.model = {.form = "objects", .uri = "s3://b/none"};
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(failure(), HasSubstr("there is no object below this prefix"));

  again();
  plan_.model = {.form = "archive", .uri = "s3://b/m/bad.tar.gz"};
  put_object("m/bad.tar.gz", tar_of({{"../outside", "x"}}));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(failure(), StartsWith("ClientError: model data 's3://b/m/bad.tar.gz': "));
  EXPECT_TRUE(sandbox_.spawned.empty());
}

TEST_F(ServingHost, AHostThatWasKilledReportsItsLossAndUploadsNothing) {
  folder_.write("started", "2026-01-01T00:00:00Z");
  folder_.write("ml/model/model.pt", "weights");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_THAT(failure(), StartsWith("InternalServerError: "));
  EXPECT_EQ(link_.phases(), Texts{"ended"});
}

}  // namespace
}  // namespace clary::host
