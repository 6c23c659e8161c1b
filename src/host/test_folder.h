// A folder of a test's own, removed with everything in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "base/files.h"

namespace clary::host {

class TestFolder {
 public:
  TestFolder() : path_(testing::TempDir() + "clary-host-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "no folder for the test";
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { static_cast<void>(remove_tree(path_)); }

  const std::string& path() const { return path_; }
  std::string at(std::string_view name) const { return path_join(path_, name); }
  // Writes a file, its folders too.
  std::string write(std::string_view name, std::string_view bytes, mode_t mode = 0644) const {
    const std::string path = at(name);
    EXPECT_TRUE(make_folders(folder_of(path)).ok());
    EXPECT_TRUE(write_file_atomically(path, bytes, mode).ok());
    return path;
  }
  std::string read(std::string_view name) const { return read_file(at(name)).value_or("<absent>"); }

 private:
  std::string path_;
};

}  // namespace clary::host
