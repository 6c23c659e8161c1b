// What may be loaded, and what may not.
#include "serving/model_roots.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::serving {
namespace {

class ModelRootsTest : public testing::Test {
 protected:
  ModelRootsTest() {
    EXPECT_TRUE(make_folders(at("root/a")).ok());
    EXPECT_TRUE(make_folders(at("other")).ok());
    EXPECT_EQ(::symlink(at("other").c_str(), at("root/link").c_str()), 0);
  }
  std::string at(const char* name) const { return path_join(folder_.path(), name); }
  static ErrorCode code(const Result<std::string>& result) {
    return result.ok() ? ErrorCode::kInternal : result.error().code;
  }

  TemporaryFolder folder_;
};

TEST_F(ModelRootsTest, OnlyWhatLiesBelowARoot) {
  const ModelRoots roots{.folders = {at("root")}, .from = ""};
  EXPECT_EQ(allowed_source(roots, at("root/a")).value_or(""), real_path(at("root/a")).value());
  EXPECT_EQ(code(allowed_source(roots, at("other"))), ErrorCode::kDenied);
  EXPECT_EQ(code(allowed_source(roots, at("root/link"))), ErrorCode::kDenied);
  EXPECT_EQ(code(allowed_source(roots, at("root/../other"))), ErrorCode::kDenied);
  EXPECT_EQ(code(allowed_source(roots, at("root/absent"))), ErrorCode::kNotFound);
  EXPECT_EQ(code(allowed_source(roots, "root/a")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(allowed_source(roots, "s3://b/m/x")), ErrorCode::kDenied);
  EXPECT_EQ(code(source_of_name(roots, "a")), ErrorCode::kNotFound);
}

TEST_F(ModelRootsTest, NamesStandBelowAFolder) {
  const ModelRoots roots{.folders = {}, .from = at("root")};
  EXPECT_TRUE(source_of_name(roots, "a").ok());
  for (const char* name : {"", "/a", "../other", "a/../../other", "./a", "a//b", "a\n"})
    EXPECT_EQ(code(source_of_name(roots, name)), ErrorCode::kInvalidArgument) << name;
  EXPECT_EQ(code(source_of_name(roots, "link")), ErrorCode::kDenied);
}

TEST_F(ModelRootsTest, AndBelowAPrefix) {
  const ModelRoots roots{.folders = {}, .from = "s3://b/m"};
  EXPECT_EQ(source_of_name(roots, "x/y.tar.gz").value_or(""), "s3://b/m/x/y.tar.gz");
  EXPECT_EQ(code(source_of_name(roots, "../y")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(allowed_source(roots, "s3://b/many/y")), ErrorCode::kDenied);
  EXPECT_EQ(code(allowed_source(roots, "s3://b/m/../y")), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace clary::serving
