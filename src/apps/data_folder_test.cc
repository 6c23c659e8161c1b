#include "apps/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace clary::apps {
namespace {

class DataFolderTest : public ::testing::Test {
 protected:
  ~DataFolderTest() override { (void)remove_tree(path); }
  std::string path = ::testing::TempDir() + "clary_data_" + std::to_string(::getpid());
};

TEST_F(DataFolderTest, OneServerAtATime) {
  auto first = DataFolder::open(path);
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto second = DataFolder::open(path);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(DataFolderTest, IsTheOwnersAlone) {
  ASSERT_TRUE(DataFolder::open(path).ok());
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
}

TEST_F(DataFolderTest, RefusesANewerFormat) {
  ASSERT_TRUE(DataFolder::open(path).ok());
  ASSERT_TRUE(write_file_atomically(path + "/format", "2\n").ok());
  EXPECT_EQ(DataFolder::open(path).error().message, check_data_format(path).error().message);
  EXPECT_EQ(check_data_format(path).error().code, ErrorCode::kUnsupported);
  ASSERT_TRUE(write_file_atomically(path + "/format", "x\n").ok());
  EXPECT_EQ(DataFolder::open(path).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DataFolderTest, WhereNoServerHasStartedThereIsNone) {
  EXPECT_EQ(check_data_format(path).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(check_data_format(path).error().message, "data directory '" + path + "': not there");
  ASSERT_TRUE(make_folders(path).ok());
  EXPECT_EQ(check_data_format(path).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(
      check_data_format(path).error().message,
      "data directory '" + path + "': no server has kept anything there: it has no file 'format'");
}

}  // namespace
}  // namespace clary::apps
