#include "objects/aws_profile.h"

#include <gtest/gtest.h>

#include <map>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::objects {
namespace {

class AwsProfileTest : public testing::Test {
 protected:
  AwsProfileTest() {
    variables_["HOME"] = home_.path();
    EXPECT_TRUE(make_folders(home_.path() + "/.aws").ok());
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(home_.path() + "/.aws/" + name, text).ok());
  }
  // "key secret token", or the sentence.
  std::string credentials(const std::string& profile = "") {
    const auto found = aws_credentials(profile, [this](const std::string& name) {
      const auto variable = variables_.find(name);
      return variable == variables_.end() ? std::nullopt : std::optional(variable->second);
    })();
    if (!found.ok()) return found.error().message;
    return found->access_key.value() + " " + found->secret_key.reveal() + " " +
           found->session_token.reveal();
  }

  TemporaryFolder home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(AwsProfileTest, VariablesComeBeforeFilesAndAProfileBeforeVariables) {
  write("credentials",
        "[default]\naws_access_key_id=D\naws_secret_access_key=d\n"
        "# a remark\n[ other ]\nAWS_ACCESS_KEY_ID = O \naws_secret_access_key = o=\n"
        "aws_session_token=t\n");
  EXPECT_EQ(credentials(), "D d ");
  variables_["AWS_PROFILE"] = "other";
  EXPECT_EQ(credentials(), "O o= t");
  variables_["AWS_ACCESS_KEY_ID"] = "V";
  EXPECT_EQ(credentials(), "O o= t") << "a key without its secret is none";
  variables_["AWS_SECRET_ACCESS_KEY"] = "v";
  EXPECT_EQ(credentials(), "V v ");
  EXPECT_EQ(credentials("default"), "D d ");
}

TEST_F(AwsProfileTest, TheConfigFileNamesProfilesInItsOwnWay) {
  write("config",
        "[profile work]\naws_access_key_id=W\naws_secret_access_key=w\n"
        "[default]\naws_access_key_id=D\naws_secret_access_key=d\n");
  EXPECT_EQ(credentials("work"), "W w ");
  EXPECT_EQ(credentials(), "D d ");
}

TEST_F(AwsProfileTest, WhatHasNoKeysIsNamed) {
  write("config", "[profile sso]\nsso_session=x\n");
  EXPECT_NE(credentials("sso").find("AWS profile 'sso'"), std::string::npos);
  EXPECT_NE(credentials("sso").find("/.aws/credentials"), std::string::npos);
}

}  // namespace
}  // namespace clary::objects
