#include "compute/programs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::compute {
namespace {

TEST(Programs, WhatIsMissingIsNamedWithWhatBringsIt) {
  EXPECT_TRUE(check_programs(starting_programs(), program_path()).ok());
  const Status missing = check_programs({{"slirp5netns", "slirp5"}}, "/usr/bin:/bin");
  EXPECT_EQ(missing.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(missing.error().message,
            "the program 'slirp5netns' is in no folder of PATH (/usr/bin:/bin); run: apt-get "
            "install slirp5");
}

TEST(Programs, AFolderOrAFileThatCannotBeRunIsNoProgram) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_folders(path_join(folder.path(), "mkdir")).ok());
  ASSERT_TRUE(write_file_atomically(path_join(folder.path(), "mv"), "x", 0600).ok());
  for (const char* name : {"mkdir", "mv"})
    EXPECT_FALSE(check_programs({{name, "coreutils"}}, folder.path()).ok()) << name;
}

TEST(Programs, TheStandardFoldersFollowAPathThatLacksThem) {
  const char* before = ::getenv("PATH");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("PATH", "/opt/venv/bin:/usr/bin", 1);
  EXPECT_EQ(program_path(),
            "/opt/venv/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin");
  ::unsetenv("PATH");
  EXPECT_EQ(program_path(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  ::setenv("PATH", kept.c_str(), 1);
}

}  // namespace
}  // namespace clary::compute
