// What a host program that is started anew does with what the one before it has left.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>

#include "host/host_fixture.h"
#include "host/outcome.h"
#include "host/run_host.h"

namespace clary::host {
namespace {

class HostRestart : public HostFixture {
 protected:
  const std::string completed_not_uploaded_ =
      to_json(Outcome{.kind = OutcomeKind::kCompleted, .train_seconds = 5, .script_ran = true}
                  .to_document());
};

TEST_F(HostRestart, NeverRunsAScriptTwice) {
  folder_.write("started", "2024-01-01T00:00:00.000Z\n");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(sandbox_.spawned.empty());
  EXPECT_EQ(ended().string_or("outcome", ""), "failed");
  EXPECT_TRUE(failure().starts_with("InternalServerError: the job's host program was lost"))
      << failure();
}

TEST_F(HostRestart, UploadsAndReportsWhatAKilledHostHadNot) {
  folder_.write("started", "2024-01-01T00:00:00.000Z\n");
  folder_.write("ml/model/m", "1");
  folder_.write("outcome.json", completed_not_uploaded_);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(sandbox_.spawned.empty());
  EXPECT_EQ(ended().string_or("outcome", ""), "completed");
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).size(), 1U);
}

TEST_F(HostRestart, DoesNotUploadTwice) {
  folder_.write("outcome.json", to_json(Outcome{.kind = OutcomeKind::kCompleted,
                                                .script_ran = true,
                                                .model_uri = "s3://b/out/job/output/model.tar.gz",
                                                .output_uri = "s3://b/out/job/output/output.tar.gz"}
                                            .to_document()));
  put_object("out/job/output/model.tar.gz", "uploaded before");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "uploaded before");
}

TEST_F(HostRestart, WhatWasUploadedStaysWhenItsOutcomeWasNotKeptAndItsFilesAreGone) {
  folder_.write("outcome.json", completed_not_uploaded_);
  put_object("out/job/output/model.tar.gz", "uploaded before");
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "uploaded before");
  EXPECT_EQ(object("out/job/output/output.tar.gz"), "<absent>");
  EXPECT_TRUE(failure().starts_with("InternalServerError: Artifact upload: the job's files are"))
      << failure();
}

TEST_F(HostRestart, WhatWasKeptIsFoundAgainWhenItsOutcomeWasNotKept) {
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  folder_.write("kept/job.gang-1/model/m", "1");
  folder_.write("ml/input/left", "");
  folder_.write("outcome.json", completed_not_uploaded_);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("kept_in", ""), folder_.at("kept/job.gang-1"));
  EXPECT_TRUE(
      failure().ends_with("what the job made is kept in '" + folder_.at("kept/job.gang-1") + "'"))
      << failure();
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "<absent>");
}

TEST_F(HostRestart, WhatAKilledHostHadNotMovedIsKeptToo) {
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  folder_.write("kept/job.gang-1/model/m", "1");
  folder_.write("ml/output/data/notes", "n");
  folder_.write("outcome.json", completed_not_uploaded_);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(folder_.read("kept/job.gang-1/model/m"), "1");
  EXPECT_EQ(folder_.read("kept/job.gang-1/output/data/notes"), "n");
  EXPECT_EQ(object("out/job/output/output.tar.gz"), "<absent>");
}

TEST_F(HostRestart, UploadsWhenAKilledHostHadMovedNothing) {
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  ASSERT_TRUE(make_folders(folder_.at("kept/job.gang-1")).ok());
  folder_.write("ml/model/m", "1");
  folder_.write("outcome.json", completed_not_uploaded_);
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_EQ(files_of(object("out/job/output/model.tar.gz")).size(), 1U);
}

// Else the host program that comes after one that was killed meanwhile would upload the rest.
TEST_F(HostRestart, TheJobsFolderIsNotRemovedInItsPlace) {
  for (const int puts_refused : {0, 1}) {
    Fd opened;
    lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
      opened = open_file(folder_.at("ml"), O_RDONLY | O_DIRECTORY).value();
    }});
    link_.puts_refused = puts_refused;
    ASSERT_EQ(run(), kHostReported);
    std::array<char, 4096> room{};
    const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(opened.get())).c_str(),
                                    room.data(), room.size());
    ASSERT_GT(size, 0);
    EXPECT_TRUE(std::string_view(room.data(), static_cast<std::size_t>(size))
                    .ends_with("/ml.removed (deleted)"))
        << room.data();
    again();
  }
}

TEST_F(HostRestart, WhatAKilledHostWasRemovingIsRemoved) {
  folder_.write("ml.removed/model/m", "1");
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_FALSE(exists(folder_.at("ml.removed"))) << "at once: it may fill the disk";
  }});
  ASSERT_EQ(run(), kHostReported);
  ASSERT_EQ(sandbox_.spawned.size(), 1U);
}

TEST_F(HostRestart, ReportsOnce) {
  lives_.push_back({});
  ASSERT_EQ(run(), kHostReported);
  link_.clear();
  ASSERT_EQ(run(), kHostReported);
  EXPECT_TRUE(link_.records().empty());
  EXPECT_EQ(sandbox_.spawned.size(), 1U);
}

TEST_F(HostRestart, LeavesAJobThatAnotherHostProgramRuns) {
  folder_.write("lock", "");
  const Result<Fd> lock = open_file(folder_.at("lock"), O_RDWR);
  ASSERT_EQ(::flock(lock->get(), LOCK_EX), 0);
  EXPECT_EQ(run(), kHostRunsAlready);
  EXPECT_TRUE(link_.records().empty());
}

}  // namespace
}  // namespace clary::host
