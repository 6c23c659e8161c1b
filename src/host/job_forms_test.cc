// What a job may ask for beside script mode: checkpoints, a program of its own, packed data, a
// manifest, a file system, plain outputs.
#include "base/test_bytes.h"
#include "host/checkpoints.h"
#include "host/host_fixture.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

class JobForms : public HostFixture {
 protected:
  bool said(std::string_view wanted) const {
    for (const std::string& notice : link_.notices()) {
      if (notice.find(wanted) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(JobForms, CheckpointsAreRestoredAndSaved) {
  plan_.checkpoint_uri = "s3://b/ckpt";
  put_object("ckpt/a/0.pt", "zero");
  put_object("ckpt-other", "no");
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/checkpoints/a/0.pt"), "zero");
    write_ml("checkpoints/a/0.pt", "grown");
    write_ml("checkpoints/1.pt", "one");
    ASSERT_EQ(::symlink("/etc/passwd", ml("checkpoints/link").c_str()), 0);
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_EQ(object("ckpt/a/0.pt"), "grown");
  EXPECT_EQ(object("ckpt/1.pt"), "one");
  EXPECT_EQ(object("ckpt/link"), "<absent>");
  EXPECT_TRUE(said("Restored 1 checkpoint files"));
}

TEST_F(JobForms, CheckpointsOutsideOfTheJobFolderAreMounted) {
  plan_.checkpoint_uri = "s3://b/ckpt/";
  plan_.checkpoint_path = "/data/ckpt";
  put_object("ckpt/0.pt", "zero");
  ASSERT_EQ(run(), kHostReported);
  const auto& mounts = sandbox_.prepared.at(0).mounts;
  ASSERT_EQ(mounts.back().target, "/data/ckpt") << failure();
  EXPECT_TRUE(mounts.back().writable);
}

TEST_F(JobForms, CheckpointsHaveAPlaceOfTheirOwn) {
  plan_.checkpoint_uri = "s3://b/ckpt";
  for (const char* path :
       {"/opt/ml", "/opt/ml/model/", "/opt/ml/input/data/x", "relative", "/a/../b"}) {
    plan_.checkpoint_path = path;
    again();
    ASSERT_EQ(run(), kHostReported);
    EXPECT_TRUE(failure().starts_with("ClientError: CheckpointConfig.LocalPath '")) << failure();
  }
}

TEST_F(JobForms, ACheckpointIsSavedOnceItRests) {
  plan_.checkpoint_uri = "s3://b/ckpt";
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    HostServices services;
    services.clock = &clock_;
    services.logger = &silent_logger();
    services.pause = [](Duration) {};
    HostContext other(plan_, folder_.path(), services);
    other.store = share(store_);
    auto checkpoints = open_checkpoints(other);
    ASSERT_TRUE(checkpoints.ok());
    write_ml("checkpoints/a", "1");
    checkpoints->save_changed({});
    EXPECT_EQ(object("ckpt/a"), "<absent>") << "it may still be written";
    checkpoints->save_changed({});
    EXPECT_EQ(object("ckpt/a"), "1");
    for (int round = 0; round < 40; ++round) {
      write_ml("checkpoints/log", std::string(static_cast<std::size_t>(round), 'x'));
      clock_.advance(1s);
      checkpoints->save_changed({});
    }
    EXPECT_NE(object("ckpt/log"), "<absent>") << "one that never rests is saved as it is";
  }});
  ASSERT_EQ(run(), kHostReported);
}

TEST_F(JobForms, CheckpointsThatCannotBeSavedAreAnEvent) {
  plan_.checkpoint_uri = "s3://b/ckpt";
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    write_ml("checkpoints/" + std::string(200, 'n') + "/" + std::string(200, 'n') + "/" +
                 std::string(200, 'n') + "/" + std::string(200, 'n') + "/" + std::string(200, 'n') +
                 "/" + std::string(200, 'n'),
             "its key is too long");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
  EXPECT_TRUE(said("Checkpoints could not be saved to s3://b/ckpt: "));
}

TEST_F(JobForms, AProgramOfTheJobsOwn) {
  plan_.hyperparameters.clear();
  plan_.container_command = {"/bin/sh", "-c", "exit 7"};
  lives_.push_back({.ends_with = {.code = 7}, .standard_error = "no sugar\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(sandbox_.spawned.at(0).argv, plan_.container_command);
  EXPECT_EQ(sandbox_.spawned[0].working_folder, "/opt/ml");
  EXPECT_EQ(failure(), "AlgorithmError: , exit code: 7") << "AWS's form without a failure file";
  EXPECT_TRUE(said("The job's program said last: no sugar"));
}

TEST_F(JobForms, ACommandThatIsNotThereIsNamed) {
  plan_.hyperparameters.clear();
  plan_.container_command = {"nosuch", "-v"};
  lives_.push_back({.spawn_answer = not_found("no command 'nosuch'")});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(), "ClientError: the job has no command 'nosuch'");
}

TEST_F(JobForms, PackedObjectsAreUnpacked) {
  plan_.channels = {{.name = "train", .uri = "s3://b/gz/", .compression = "Gzip"}};
  put_object("gz/d/a.csv.gz", gzip_of("one") + gzip_of(" two"));
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/input/data/train/d/a.csv"), "one two");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
}

TEST_F(JobForms, WhatIsNoGzipFailsTheJob) {
  plan_.channels = {{.name = "train", .uri = "s3://b/gz/", .compression = "Gzip"}};
  for (const std::string& bytes :
       {std::string("text"), std::string(), gzip_of("cut").substr(0, 9)}) {
    again();
    put_object("gz/a.gz", bytes);
    ASSERT_EQ(run(), kHostReported);
    EXPECT_TRUE(
        failure().starts_with("ClientError: Data download failed: object 's3://b/gz/a.gz': "))
        << failure();
  }
}

TEST_F(JobForms, ObjectsThatWouldHaveTheSameFileAreNamed) {
  const auto reason = [this] {
    EXPECT_EQ(run(), kHostReported);
    EXPECT_EQ(failure().find(folder_.path()), std::string::npos) << failure();
    return failure();
  };
  put_object("two/a", gzip_of("one"));
  put_object("two/a.gz", gzip_of("two"));
  plan_.channels = {{.name = "train", .uri = "s3://b/two/", .compression = "Gzip"}};
  EXPECT_NE(reason().find("object 's3://b/two/a.gz': another object has its file "
                          "'/opt/ml/input/data/train/a'"),
            std::string::npos);
  again();
  put_object("list", R"([{"prefix":"s3://b/two/"},"a","a"])");
  plan_.channels = {{.name = "train", .uri = "s3://b/list", .data_type = "ManifestFile"}};
  EXPECT_NE(reason().find("object 's3://b/two/a': another object has its file"), std::string::npos);
  again();
  plan_.channels.clear();
  plan_.checkpoint_uri = "s3://b/q";
  put_object("q/a", "a");
  put_object("q/a/b", "b");
  EXPECT_NE(reason().find("object 's3://b/q/a/b': another object has its file "
                          "'/opt/ml/checkpoints/a/b'"),
            std::string::npos);
}

TEST_F(JobForms, AManifestNamesTheObjects) {
  plan_.channels = {{.name = "train", .uri = "s3://b/list", .data_type = "ManifestFile"}};
  put_object("data/x/1", "one");
  put_object("data/2", "two");
  put_object("list", R"([{"prefix":"s3://b/data/"},"x/1"])");
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/input/data/train/x/1"), "one");
    EXPECT_FALSE(exists(ml("input/data/train/2")));
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
}

TEST_F(JobForms, AFileSystemIsMounted) {
  plan_.channels = {{.name = "train", .mount = folder_.at("shared"), .writable = true}};
  ASSERT_EQ(run(), kHostReported);
  const auto& mounts = sandbox_.prepared.at(0).mounts;
  EXPECT_EQ(mounts.back().source, folder_.at("shared"));
  EXPECT_EQ(mounts.back().target, "/opt/ml/input/data/train");
}

TEST_F(JobForms, OutputsStayPlain) {
  plan_.output_compressed = false;
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    write_ml("model/code/i.py", "i");
    write_ml("output/data/n", "n");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(object("out/job/output/model/code/i.py"), "i");
  EXPECT_EQ(object("out/job/output/data/n"), "n");
  EXPECT_EQ(ended().string_or("model_uri", ""), "s3://b/out/job/output/model/");
}

}  // namespace
}  // namespace clary::host
