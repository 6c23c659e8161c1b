// Which files of a model count, and what is a change of them.
#include "serving/folder_print.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::serving {
namespace {

class FolderPrintTest : public testing::Test {
 protected:
  FolderPrintTest() {
    EXPECT_TRUE(make_folders(at("code")).ok());
    write("model.pt", "weights");
    write("code/inference.py", "pass");
  }
  std::string at(const std::string& name) const { return path_join(folder_.path(), name); }
  // As most programs save a file: another one takes its place.
  void write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomically(at(name), text).ok());
  }
  FolderPrint print() const {
    Result<FolderPrint> found = print_of_folder(folder_.path());
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : FolderPrint();
  }
  // Names of what has changed since `before`, each with a space after it.
  std::string changes(const FolderPrint& before) const {
    std::string names;
    for (const auto& [name, mark] : changes_between(before, print())) names += name + " ";
    return names;
  }

  TemporaryFolder folder_;
};

TEST_F(FolderPrintTest, WhatIsWrittenRemovedOrReplacedIsAChange) {
  const FolderPrint before = print();
  EXPECT_EQ(before.size(), 2U);
  EXPECT_EQ(changes(before), "");
  write("code/inference.py", "pass  # more");
  EXPECT_EQ(changes(before), "code/inference.py ");
  ASSERT_EQ(::unlink(at("model.pt").c_str()), 0);
  EXPECT_EQ(changes(before), "code/inference.py model.pt ");
  EXPECT_EQ(changes_between(before, print()).at("model.pt"), FileMark());
}

TEST_F(FolderPrintTest, NewFilesAreChangesWhereTheyAreCodeOrWeights) {
  const FolderPrint before = print();
  write("code/answers.log", "a line");
  EXPECT_EQ(changes(before), "");
  ASSERT_TRUE(make_folders(at("2")).ok());
  write("2/saved_model.pb", "graph");
  write("code/more.py", "pass");
  EXPECT_EQ(changes(before), "2/saved_model.pb code/more.py ");
}

TEST_F(FolderPrintTest, ByteCodeAndWhatEditorsKeepAreNot) {
  const FolderPrint before = print();
  ASSERT_TRUE(make_folders(at("code/__pycache__")).ok());
  ASSERT_TRUE(make_folders(at(".git")).ok());
  for (const char* name : {"code/__pycache__/inference.cpython-312.pyc", "code/inference.py~",
                           "code/.inference.py.swp", ".git/hook.py"})
    write(name, "x");
  EXPECT_EQ(print(), before);
}

TEST_F(FolderPrintTest, ALinkIsTheFileThatItLeadsTo) {
  const TemporaryFolder other;
  const std::string aside = path_join(other.path(), "weights");
  ASSERT_TRUE(write_file_atomically(aside, "1").ok());
  ASSERT_EQ(::symlink(aside.c_str(), at("linked.pt").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", at("broken.pt").c_str()), 0);
  ASSERT_EQ(::symlink(folder_.path().c_str(), at("loop").c_str()), 0);
  const FolderPrint before = print();
  EXPECT_EQ(before.size(), 3U);
  ASSERT_TRUE(write_file_atomically(aside, "22").ok());
  EXPECT_EQ(changes(before), "linked.pt ");
}

TEST_F(FolderPrintTest, AFolderThatIsNotThereHasNone) {
  EXPECT_FALSE(print_of_folder(at("absent")).ok());
}

TEST(DescribeChanges, NamesTheFirst) {
  FolderPrint changes{{"b", {}}};
  EXPECT_EQ(describe_changes(changes), "b");
  changes["a"] = {};
  EXPECT_EQ(describe_changes(changes), "a and 1 more");
}

}  // namespace
}  // namespace clary::serving
