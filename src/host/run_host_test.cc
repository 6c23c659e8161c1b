#include "host/run_host.h"

#include <unistd.h>

#include "host/host_fixture.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

using RunHost = HostFixture;

TEST_F(RunHost, RunsTheScriptAndUploadsWhatItMade) {
  lives_.push_back({.runs_for = 90s,
                    .standard_output = "loss=1\n",
                    .on_spawn = [&](const compute::ProcessSpec&) {
                      EXPECT_EQ(folder_.read("ml/code/train.py"), "print(1)");
                      write_ml("model/model.pth", "weights");
                      write_ml("output/data/notes.txt", "n");
                    }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(link_.phases(), (Texts{"downloading", "training", "uploading", "ended"}));
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
  EXPECT_EQ(ended().int_or("train_seconds", 0), 90);
  EXPECT_EQ(ended().string_or("model_uri", ""), "s3://b/out/job/output/model.tar.gz");
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")),
            (std::map<std::string, std::string>{{"model.pth", "weights"}}));
  EXPECT_EQ(files_of(object("out/job/output/output.tar.gz")),
            (std::map<std::string, std::string>{{"notes.txt", "n"}}));
  EXPECT_TRUE(logged("loss=1"));
  EXPECT_EQ(link_.listeners, 1);
  EXPECT_TRUE(noticed("no way out"));
  EXPECT_FALSE(exists(folder_.at("ml"))) << "what may hold much is removed";
}

TEST_F(RunHost, GivesTheScriptItsContract) {
  plan_.channels = {{.name = "train",
                     .uri = "s3://b/data/train",
                     .content_type = "csv",
                     .view = folder_.at("view")}};
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/input/config/hyperparameters.json"),
              to_json(Document::object(
                  {{"epochs", "1"},
                   {"sagemaker_program", "\"train.py\""},
                   {"sagemaker_submit_directory", "\"s3://b/job/source/sourcedir.tar.gz\""}})));
    EXPECT_NE(folder_.read("ml/input/config/inputdataconfig.json").find("\"ContentType\":\"csv\""),
              std::string::npos);
  }});
  ASSERT_EQ(run(), kHostReported);
  ASSERT_EQ(sandbox_.spawned.size(), 1U);
  const compute::ProcessSpec& process = sandbox_.spawned[0];
  EXPECT_EQ(process.argv, (Texts{"/env/bin/python3", "--", "train.py", "--epochs", "1"}));
  EXPECT_EQ(process.working_folder, "/opt/ml/code");
  EXPECT_EQ(variable(process, "SM_HP_EPOCHS"), "1");
  EXPECT_EQ(variable(process, "SM_CHANNEL_TRAIN"), "/opt/ml/input/data/train");
  EXPECT_EQ(variable(process, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            "http://127.0.0.1:4580/_clary/credentials");
  EXPECT_EQ(variable(process, "AWS_SECRET_ACCESS_KEY"), "<absent>");
  const compute::SandboxSpec& spec = sandbox_.prepared[0];
  EXPECT_EQ(spec.network_namespace, 7);
  EXPECT_EQ(spec.job_folder, folder_.at("ml"));
  ASSERT_EQ(spec.overlays.size(), 1U);
  EXPECT_EQ(spec.overlays[0].lower, folder_.at("view"));
  EXPECT_EQ(spec.overlays[0].target, "/opt/ml/input/data/train");
  EXPECT_EQ(spec.mounts[0].source, "/env");
}

TEST_F(RunHost, SaysWhyTheScriptFailed) {
  lives_.push_back(
      {.ends_with = {.code = 1},
       .standard_error =
           "Traceback (most recent call last):\n  File \"/opt/ml/code/train.py\", line 2, in f\n"
           "    raise ValueError('no')\nValueError: no\n",
       .on_spawn = [&](const compute::ProcessSpec&) { write_ml("model/half", "h"); }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "failed");
  EXPECT_EQ(failure(),
            "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"raise "
            "ValueError('no')\n ValueError: no\"\n"
            "ExtraInfo \"train.py, line 2, in f\"\nCommand \"/env/bin/python3 -- train.py --epochs "
            "1\", exit code: 1");
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).size(), 1U)
      << "artifacts are uploaded after a failure too";
}

TEST_F(RunHost, TheScriptsOwnFailureFileWins) {
  lives_.push_back({.ends_with = {.code = 4}, .on_spawn = [&](const compute::ProcessSpec&) {
                      write_ml("output/failure", "out of cheese\n");
                    }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(), "AlgorithmError: out of cheese, exit code: 1");
}

TEST_F(RunHost, AnEmptyModelOfAFailedJobIsNotUploaded) {
  lives_.push_back({.ends_with = {.signal = 9}});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "<absent>");
  EXPECT_NE(object("out/job/output/output.tar.gz"), "<absent>");
  EXPECT_NE(failure().find("ExitCode -9"), std::string::npos);
}

TEST_F(RunHost, StopsByTheServersRequestAndUploads) {
  lives_.push_back({.runs_for = 1h,
                    .heeds_sigterm = false,
                    .on_spawn = [&](const compute::ProcessSpec&) { write_ml("model/m", "1"); },
                    .on_wait = [&] { link_.requests.stop(5s); }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(link_.phases(), (Texts{"downloading", "training", "stopping", "uploading", "ended"}));
  EXPECT_EQ(ended().string_or("outcome", ""), "stopped");
  EXPECT_EQ(failure(), "");
  EXPECT_NE(object("out/job/output/model.tar.gz"), "<absent>");
  EXPECT_LE(ended().int_or("train_seconds", 0), 7);
  EXPECT_TRUE(noticed("The script did not end within 5.0 s after SIGTERM; SIGKILL ended it"));
}

TEST_F(RunHost, OnceStoppedItWaitsForAServerThatIsAwayOnlySoLong) {
  put_answer_ = unavailable("connection refused");
  link_.flush_answer = timed_out("not connected");
  link_.on_flush = [&](Duration time) { clock_.advance(time); };
  const auto takes = [&] {
    const Duration begun = clock_.steady();
    EXPECT_EQ(run(), kHostUnreported);
    return clock_.steady() - begun;
  };
  lives_.push_back({.runs_for = 1h, .on_wait = [&] { link_.requests.stop(5s); }});
  EXPECT_LT(takes(), 6min);
  again();
  lives_.push_back({});
  EXPECT_GT(takes(), 24h) << "who was not stopped waits";
}

TEST_F(RunHost, EndsAtMaxRuntime) {
  plan_.max_runtime_seconds = 60;
  lives_.push_back({.runs_for = 1h});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "max_runtime");
}

TEST_F(RunHost, FetchesAChannelWithoutAView) {
  plan_.channels = {{.name = "train", .uri = "s3://b/data/train"}};
  put_object("data/train/x/y.csv", "1,2");
  put_object("data/train_2/z.csv", "3");
  put_object("data/other", "no");
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/input/data/train/x/y.csv"), "1,2");
    EXPECT_EQ(folder_.read("ml/input/data/train/train_2/z.csv"), "3");
    EXPECT_FALSE(exists(ml("input/data/train/other")));
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
}

TEST_F(RunHost, SaysAwssSentenceForAnEmptyPrefix) {
  plan_.channels = {{.name = "train", .uri = "s3://b/none"}};
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(failure().starts_with(
      "ClientError: Data download failed: No S3 objects found under S3 URL \"s3://b/none\""))
      << failure();
  EXPECT_TRUE(sandbox_.spawned.empty());
  EXPECT_EQ(object("out/job/output/output.tar.gz"), "<absent>");
}

TEST_F(RunHost, RefusesHostileCode) {
  put_object("job/source/sourcedir.tar.gz", tar_of({{"../evil.py", "x"}}));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(failure().starts_with(
      "ClientError: source code 's3://b/job/source/sourcedir.tar.gz': member '../evil.py'"))
      << failure();
  EXPECT_TRUE(sandbox_.spawned.empty());
}

TEST_F(RunHost, RefusesAnImagesOwnProgramWithWhatToDo) {
  plan_.hyperparameters = {{"epochs", "1"}};
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(failure().starts_with("ClientError: no entry point is named")) << failure();
}

TEST_F(RunHost, TakesCodeFromAChannel) {
  folder_.write("view/sourcedir.tar.gz", tar_of({{"train.py", "from a channel"}}));
  plan_.channels = {{.name = "code", .uri = "s3://b/code", .view = folder_.at("view")}};
  plan_.hyperparameters[2].second = "\"/opt/ml/input/data/code/sourcedir.tar.gz\"";
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/code/train.py"), "from a channel");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
}

TEST_F(RunHost, DoesNotTakeCodeFromOutsideTheJob) {
  for (const char* path :
       {"\"/etc\"", "\"/opt/ml/../../etc\"", "\"/opt/ml/input/data/code/../../../../etc\""}) {
    plan_.hyperparameters[2].second = path;
    link_.clear();
    ASSERT_TRUE(remove_tree(folder_.at("reported")).ok() &&
                remove_tree(folder_.at("outcome.json")).ok());
    ASSERT_EQ(run(), kHostReported);
    EXPECT_TRUE(failure().starts_with("ClientError: source code")) << path << ": " << failure();
  }
}

TEST_F(RunHost, FailsWhenTheOutputBucketIsGone) {
  plan_.output_uri = "s3://gone/out";
  lives_.push_back({});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "failed");
  EXPECT_EQ(failure(), "ClientError: Artifact upload failed: bucket 'gone': not there");
}

TEST_F(RunHost, WhatCannotBeUploadedIsKept) {
  plan_.output_uri = "s3://gone/out";
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  plan_.kept_seconds = 7 * 86'400;
  // Of another job: more than this one's plan would leave to all.
  folder_.write("kept/other.gang/model/m", std::string(2 << 20, 'x'));
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) { write_ml("model/m", "1"); }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(exists(folder_.at("kept/other.gang/model/m"))) << "the server's to remove";
  const std::string place = folder_.at("kept/job.gang-1");
  EXPECT_EQ(folder_.read("kept/job.gang-1/model/m"), "1");
  EXPECT_EQ(failure(),
            "ClientError: Artifact upload failed: bucket 'gone': not there; what the job made is "
            "kept in '" +
                place + "'");
  EXPECT_TRUE(noticed("What the job made is kept in '" + place + "', for 7 days at most"));
  EXPECT_FALSE(exists(folder_.at("ml")));

  // A host program that is started anew reports, and leaves it at that.
  ASSERT_TRUE(remove_tree(folder_.at("reported")).ok());
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(folder_.read("kept/job.gang-1/model/m"), "1");
}

TEST_F(RunHost, FailsWhenIsolationCannotBeGiven) {
  network_answer_ = unavailable("network namespaces cannot be made here");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(failure().starts_with("InternalServerError: network of the job:")) << failure();
  EXPECT_TRUE(sandbox_.spawned.empty());
}

TEST_F(RunHost, AScriptThatRemovesItsFoldersLeavesEmptyArchives) {
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    ASSERT_TRUE(remove_tree(folder_.at("ml")).ok());
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  for (const char* name : {"model.tar.gz", "output.tar.gz"}) {
    const std::string archive = object(path_join("out/job/output", name));
    ASSERT_NE(archive, "<absent>") << name;
    EXPECT_TRUE(files_of(archive).empty()) << name;
  }
}

TEST_F(RunHost, MakesRoomWhenTheEndCannotBeWrittenDown) {
  lives_.push_back({});
  link_.puts_refused = 2;
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
  EXPECT_EQ(pauses_.size(), 2U);
}

TEST_F(RunHost, MakesRoomWhenTheServerCannotTakeTheEnd) {
  lives_.push_back({});
  std::vector<bool> there;  // the job's files, at each attempt
  link_.flush_answer = timed_out("the server's disk is full");
  link_.on_flush = [&](Duration time) {
    clock_.advance(time);
    there.push_back(exists(folder_.at("ml/model")));
    if (there.size() == 3) link_.flush_answer = {};
  };
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(there, (std::vector<bool>{true, false, false}));
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
}

TEST_F(RunHost, AnOutcomeThatCannotBeKeptIsStillTheScripts) {
  lives_.push_back({.ends_with = {.code = 1}, .on_spawn = [&](const compute::ProcessSpec&) {
                      folder_.write("outcome.json/in the way", "");
                    }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(failure().starts_with("AlgorithmError: ")) << failure();
}

TEST_F(RunHost, SaysThatAPlanIsBad) {
  folder_.write("plan.json", "{");
  HostServices services;
  services.logger = &silent_logger();
  EXPECT_EQ(run_host(folder_.at("plan.json"), services), kHostBadPlan);
}

TEST_F(RunHost, MasksSecretsInLogsAndReasons) {
  lives_.push_back({.ends_with = {.code = 1},
                    .standard_output = "link-token-0123456789\n",
                    .standard_error = "ValueError: secret-key-0123456789\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_FALSE(logged("0123456789"));
  EXPECT_EQ(failure().find("0123456789"), std::string::npos) << failure();
}

TEST_F(RunHost, DoesNotFollowWhatTheScriptMadeOfItsFolders) {
  folder_.write("elsewhere/key", "host's own");
  lives_.push_back({.ends_with = {.code = 1}, .on_spawn = [&](const compute::ProcessSpec&) {
                      ASSERT_TRUE(remove_tree(ml("model")).ok() && remove_tree(ml("output")).ok());
                      ASSERT_EQ(::symlink(folder_.at("elsewhere").c_str(), ml("model").c_str()), 0);
                      ASSERT_EQ(::symlink(folder_.at("elsewhere").c_str(), ml("output").c_str()),
                                0);
                    }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "<absent>");
  EXPECT_TRUE(files_of(object("out/job/output/output.tar.gz")).empty());
  EXPECT_EQ(list_folder(folder_.at("elsewhere")).value(), Texts{"key"});
}

}  // namespace
}  // namespace clary::host
