#include "objects/container_credentials.h"

#include <gtest/gtest.h>

#include "base/time_text.h"
#include "net/server_fixture.h"

namespace clary::objects {
namespace {

class ContainerCredentialsTest : public net::ServerTest {
 protected:
  void SetUp() override {
    serve([this](const net::RequestHead& head) {
      ++asked_;
      if (head.headers.get("authorization") != "t0k3n") return net::text_reply("no", 403);
      return net::text_reply(
          R"({"AccessKeyId":"K","SecretAccessKey":"s","Token":"t","Expiration":")" +
          iso8601(clock_.now() + std::chrono::hours(1)) + "\"}");
    });
  }
  std::string at() const { return "http://" + address_ + "/creds"; }

  ManualClock clock_;
  int asked_ = 0;
  ContainerCredentials credentials_{clock_};
};

TEST_F(ContainerCredentialsTest, AreKeptUntilTheyAreAboutToEnd) {
  const auto found = credentials_.get(at(), "t0k3n");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->access_key.value(), "K");
  EXPECT_EQ(found->secret_key.reveal(), "s");
  EXPECT_EQ(found->session_token.reveal(), "t");
  clock_.advance(std::chrono::minutes(50));
  EXPECT_TRUE(credentials_.get(at(), "t0k3n").ok());
  EXPECT_EQ(asked_, 1);
  clock_.advance(std::chrono::minutes(6));
  EXPECT_TRUE(credentials_.get(at(), "t0k3n").ok());
  EXPECT_EQ(asked_, 2);
}

TEST_F(ContainerCredentialsTest, AnotherTokenGetsNone) {
  EXPECT_EQ(credentials_.get(at(), "other").error().code, ErrorCode::kDenied);
}

TEST_F(ContainerCredentialsTest, AreAskedForOnThisMachineOrByHttpsOnly) {
  for (const char* address : {"http://192.0.2.1/creds", "ftp://127.0.0.1/", "127.0.0.1"})
    EXPECT_EQ(credentials_.get(address, "").error().code, ErrorCode::kInvalidArgument) << address;
}

}  // namespace
}  // namespace clary::objects
