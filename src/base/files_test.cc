#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/pipe.h"

namespace clary {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "clary-files-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { static_cast<void>(remove_tree(folder_)); }

  std::string tree(int width) {
    const std::string root = folder_ + "/tree";
    for (int i = 0; i < width; ++i) {
      const std::string leaf = root + "/" + std::to_string(i) + "/a/b";
      EXPECT_TRUE(make_folders(leaf).ok());
      EXPECT_TRUE(write_file_atomically(leaf + "/file", "x").ok());
    }
    return root;
  }

  std::string folder_;
};

TEST_F(FilesTest, AFileInAFoldersPlaceIsToldAsOne) {
  ASSERT_TRUE(write_file_atomically(folder_ + "/file", "").ok());
  const Status made = make_folders(folder_ + "/file");
  EXPECT_EQ(made.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(made.error().message, "'" + folder_ + "/file' is a file, no folder");
}

TEST(Paths, AreMadeAbsoluteWithoutSlashesAtTheEnd) {
  EXPECT_EQ(absolute_path("/a/b//"), "/a/b");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("new/"), real_path(".").value() + "/new");
}

TEST_F(FilesTest, ATreeIsRemovedAndAbsentIsFine) {
  const std::string root = tree(3);
  ASSERT_TRUE(remove_tree(root).ok());
  EXPECT_FALSE(exists(root));
  EXPECT_TRUE(remove_tree(root).ok());
}

TEST_F(FilesTest, SeveralMayRemoveOneTree) {
  const std::string root = tree(40);
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&root, &failed] {
      if (!remove_tree(root).ok()) ++failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_FALSE(exists(root));
}

TEST_F(FilesTest, AFolderThatCannotBeReadIsRemovedToo) {
  const std::string root = tree(1);
  ASSERT_EQ(::chmod((root + "/0/a").c_str(), 0), 0);
  EXPECT_TRUE(remove_tree(root).ok());
  EXPECT_FALSE(exists(root));
}

TEST_F(FilesTest, BytesAreCopiedFromFilesAndFromWhatTheKernelDoesNotCopy) {
  const std::string bytes(3 << 20, 'x');
  const std::string from = tree(1) + "/from";
  ASSERT_TRUE(write_file_atomically(from, bytes).ok());
  const Fd to = open_file(from + ".to", O_RDWR | O_CREAT).value();
  EXPECT_EQ(copy_bytes(open_file(from, O_RDONLY).value(), to, "copy").value(), bytes.size());
  Pipe pipe = make_pipe().value();
  ASSERT_TRUE(write_all(pipe.writer, "end", "write").ok());
  pipe.writer.close();
  EXPECT_EQ(copy_bytes(pipe.reader, to, "copy").value(), 3U);
  EXPECT_EQ(read_file(from + ".to").value(), bytes + "end");
}

TEST_F(FilesTest, NoMoreBytesAreCopiedThanWereAskedFor) {
  const std::string from = tree(1) + "/from";
  ASSERT_TRUE(write_file_atomically(from, "0123456789").ok());
  const Fd source = open_file(from, O_RDONLY).value();
  const Fd to = open_file(from + ".to", O_RDWR | O_CREAT).value();
  EXPECT_EQ(copy_bytes(source, to, "copy", 4).value(), 4U);
  Pipe pipe = make_pipe().value();
  ASSERT_TRUE(write_all(pipe.writer, "abcdef", "write").ok());
  EXPECT_EQ(copy_bytes(pipe.reader, to, "copy", 3).value(), 3U);
  EXPECT_EQ(copy_bytes(source, to, "copy", 100).value(), 6U) << "no more is there";
  EXPECT_EQ(read_file(from + ".to").value(), "0123abc456789");
}

}  // namespace
}  // namespace clary
