// What is kept when it cannot be uploaded: the whole of it, for so long, and no more than allowed.
#include "host/kept_artifacts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/test_folder.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;

class KeptArtifacts : public testing::Test {
 protected:
  std::string kept() const { return folder_.at("kept"); }
  Result<bool> keep(const std::vector<std::string>& folders, std::uint64_t bytes = 1 << 20) {
    return keep_artifacts(folder_.at("ml"), folders, folder_.at("kept/j.g"), {.bytes = bytes});
  }
  // One of about 64 KiB that has been kept for so long.
  void keep_old(const std::string& name, std::chrono::seconds age) {
    folder_.write("kept/" + name + "/model/m", std::string(60'000, 'x'));
    const timespec then{
        .tv_sec = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - age),
        .tv_nsec = 0};
    const timespec both[] = {then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, folder_.at("kept/" + name).c_str(), both, 0), 0);
  }
  std::vector<std::string> names() const { return list_folder(kept()).value(); }

  TestFolder folder_;
  SystemClock clock_;
};

TEST_F(KeptArtifacts, FoldersStandUnderTheirPathsBelowOptMl) {
  folder_.write("ml/model/a/b", "weights");
  folder_.write("ml/output/data/c", "notes");
  ASSERT_TRUE(keep({"model", "output/data", "absent", "model/a"}).value());
  EXPECT_EQ(folder_.read("kept/j.g/model/a/b"), "weights");
  EXPECT_EQ(folder_.read("kept/j.g/output/data/c"), "notes");
  EXPECT_FALSE(exists(folder_.at("ml/model")));
  EXPECT_FALSE(keep({"model"}).value()) << "moved before";
}

TEST_F(KeptArtifacts, WhatWasCutShortGoesOn) {
  folder_.write("ml/model/a", "weights");
  ASSERT_TRUE(keep({"model"}).value());
  folder_.write("ml/output/data/c", "notes");
  EXPECT_TRUE(keep({"model", "output/data"}).value());
  EXPECT_EQ(folder_.read("kept/j.g/model/a"), "weights");
  EXPECT_EQ(folder_.read("kept/j.g/output/data/c"), "notes");
}

TEST_F(KeptArtifacts, AFolderInAnotherMayBeNamedFirst) {
  folder_.write("ml/out/inner/a", "1");
  folder_.write("ml/out/b", "2");
  ASSERT_TRUE(keep({"out/inner", "out"}).value());
  EXPECT_EQ(folder_.read("kept/j.g/out/inner/a"), "1");
  EXPECT_EQ(folder_.read("kept/j.g/out/b"), "2");
}

TEST_F(KeptArtifacts, NothingIsMovedThroughALink) {
  folder_.write("elsewhere/data/secret", "s");
  ASSERT_TRUE(make_folders(folder_.at("ml")).ok());
  ASSERT_EQ(::symlink(folder_.at("elsewhere").c_str(), folder_.at("ml/output").c_str()), 0);
  EXPECT_FALSE(keep({"output/data"}).value());
  EXPECT_EQ(folder_.read("elsewhere/data/secret"), "s");
}

TEST_F(KeptArtifacts, MoreThanIsAllowedStaysWhereItIs) {
  folder_.write("ml/model/m", std::string(100'000, 'x'));
  const Result<bool> kept = keep({"model"}, 50'000);
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().code, ErrorCode::kLimitExceeded);
  EXPECT_TRUE(exists(folder_.at("ml/model/m")));
}

TEST_F(KeptArtifacts, TheOldGoesAndThenTheOldestOfTooMuch) {
  ASSERT_TRUE(trim_kept(kept(), {.bytes = 1, .time = 1h}, clock_.now()).ok()) << "absent";
  keep_old("ancient", 50h);
  keep_old("older", 20h);
  keep_old("newer", 10h);
  ASSERT_TRUE(trim_kept(kept(), {.bytes = 1 << 30, .time = 48h}, clock_.now()).ok());
  EXPECT_EQ(names(), (std::vector<std::string>{"newer", "older"}));
  ASSERT_TRUE(trim_kept(kept(), {.bytes = 100'000, .time = 48h}, clock_.now()).ok());
  EXPECT_EQ(names(), std::vector<std::string>{"newer"});
}

}  // namespace
}  // namespace clary::host
