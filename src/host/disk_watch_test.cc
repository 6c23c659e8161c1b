#include "host/disk_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::host {
namespace {

constexpr std::size_t kBytes = 1 << 20;

TEST(DiskBytes, CountsFilesAndFoldersButNothingThatALinkPointsAt) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_folders(path_join(folder.path(), "a/b")).ok());
  ASSERT_TRUE(
      write_file_atomically(path_join(folder.path(), "a/b/f"), std::string(kBytes, 'x')).ok());
  std::filesystem::create_directory_symlink(folder.path(), path_join(folder.path(), "again"));
  const std::uint64_t bytes = disk_bytes(folder.path());
  EXPECT_GE(bytes, kBytes);
  EXPECT_LT(bytes, kBytes + kBytes / 2);
  EXPECT_EQ(disk_bytes("/nowhere"), 0U);
}

TEST(DiskBytes, WhatStaysIsCountedWhileFoldersComeAndGo) {
  const TemporaryFolder folder;
  // Several of each, for the order of a folder's entries is nobody's to choose.
  for (int i = 0; i < 8; ++i) {
    const std::string kept = path_join(folder.path(), "kept" + std::to_string(i));
    ASSERT_TRUE(make_folders(kept).ok());
    ASSERT_TRUE(write_file_atomically(path_join(kept, "f"), std::string(kBytes, 'x')).ok());
  }
  const std::jthread churn([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      const std::string gone = path_join(folder.path(), "gone" + std::to_string(i % 8));
      static_cast<void>(make_folders(path_join(gone, "below")));
      static_cast<void>(remove_tree(gone));
    }
  });
  for (int i = 0; i < 300; ++i) ASSERT_GE(disk_bytes(folder.path()), 8 * kBytes) << i;
}

}  // namespace
}  // namespace clary::host
