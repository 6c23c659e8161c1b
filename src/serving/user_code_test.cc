#include "serving/user_code.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::serving {
namespace {

using Found = std::optional<std::string>;

class UserCodeTest : public testing::Test {
 protected:
  void put(const std::string& name) {
    const std::string path = path_join(folder_.path(), name);
    ASSERT_TRUE(make_folders(folder_of(path)).ok());
    ASSERT_TRUE(write_file_atomically(path, "").ok());
  }
  Found found(const CodeVariables& variables = {}) {
    return user_code_of(path_join(folder_.path(), "model"), variables);
  }
  TemporaryFolder folder_;
};

TEST_F(UserCodeTest, AModelAloneBringsNone) {
  put("model/model.pt");
  put("model/code/requirements.txt");
  EXPECT_EQ(found(), std::nullopt);
  EXPECT_EQ(found({.handler = "sagemaker_pytorch_serving_container.handler_service"}),
            std::nullopt);
  // The toolkit uses its default functions where the program is not there.
  EXPECT_EQ(found({.program = "serve.py"}), std::nullopt);
}

TEST_F(UserCodeTest, AModuleIsFoundWhereTheToolkitLooksForIt) {
  put("model/code/inference.py");
  EXPECT_EQ(found(), Found("code/inference.py"));
  put("model/code/serve.py");
  EXPECT_EQ(found({.program = "serve.py"}), Found("code/serve.py"));
  put("model/code/deep/serve2.py");
  EXPECT_EQ(found({.program = "deep/serve2.py"}), Found("code/deep/serve2.py"));
  put("model/code/lib/late.py");
  EXPECT_EQ(found({.program = "late.py"}), Found("code/lib/late.py"));
  put("model/code/whole/__init__.py");
  EXPECT_EQ(found({.program = "whole"}), Found("code/whole/__init__.py"));
}

TEST_F(UserCodeTest, WithoutAFolderOfCodeTheModelsOwnIsLookedAt) {
  put("model/inference.py");
  EXPECT_EQ(found(), Found("inference.py"));
  put("model/code/requirements.txt");
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(UserCodeTest, SubmittedCodeIsOutsideTheModel) {
  put("model/model.pt");
  put("submitted/inference.py");
  const std::string submitted = path_join(folder_.path(), "submitted");
  EXPECT_EQ(found({.submit_folder = submitted}), Found(submitted + "/inference.py"));
  EXPECT_EQ(found({.submit_folder = "s3://bucket/sourcedir.tar.gz"}), std::nullopt);
}

TEST_F(UserCodeTest, ArchivesAndServiceFilesAreCode) {
  put("model/model.pt");
  EXPECT_EQ(found({.handler = "service.py:handle"}), Found("the handler service.py:handle"));
  put("model/around/MAR-INF/MANIFEST.json");
  EXPECT_EQ(found(), Found("around/MAR-INF/MANIFEST.json"));
  put("model/MAR-INF/MANIFEST.json");
  EXPECT_EQ(found(), Found("MAR-INF/MANIFEST.json"));
}

}  // namespace
}  // namespace clary::serving
