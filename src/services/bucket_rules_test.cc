#include "services/bucket_rules.h"

#include <gtest/gtest.h>

#include "base/id_source.h"
#include "objects/memory_store.h"

namespace clary::services {
namespace {

const std::vector<std::string> kDomains = {"s3.localhost", "localhost"};

TEST(BucketOfHost, IsWhatStandsBeforeADomain) {
  EXPECT_EQ(*bucket_of_host("data.localhost:4580", kDomains), "data");
  EXPECT_EQ(*bucket_of_host("my.data.s3.localhost", kDomains), "my.data");
  EXPECT_EQ(*bucket_of_host("DATA.LOCALHOST:1", kDomains), "data");
}

TEST(BucketOfHost, IsNoneForOtherHosts) {
  for (const char* host : {"localhost:4580", "s3.localhost", "127.0.0.1:4580", "[::1]:4580", "",
                           "datalocalhost", "no_bucket.localhost", "data.localhost.example.com"}) {
    EXPECT_TRUE(bucket_of_host(host, kDomains).empty()) << host;
  }
}

TEST(BucketOfPath, IsTheFirstLabel) {
  EXPECT_EQ(*bucket_of_path("/b%2Dc/key/more"), "b-c");
  EXPECT_EQ(*bucket_of_path("/b"), "b");
  EXPECT_TRUE(bucket_of_path("/").empty());
  EXPECT_TRUE(bucket_of_path("").empty());
}

class BucketRulesTest : public testing::Test {
 protected:
  BucketRulesTest() {
    EXPECT_TRUE(store_.create_bucket({bucket_, clock_.now(), Region("us-east-1")}).ok());
  }
  void set(objects::SettingKind kind, const std::string& text) {
    EXPECT_TRUE(store_.set_setting(bucket_, kind, text).ok());
  }

  ManualClock clock_;
  CountingIds ids_;
  objects::MemoryStore store_{clock_, ids_};
  BucketName bucket_{"bucket"};
  BucketRules rules_{store_};
};

TEST_F(BucketRulesTest, AreReadAgainWhenTheyChange) {
  EXPECT_EQ(rules_.policy(bucket_).value(), nullptr);
  const std::string before = R"({"Statement":[{"Effect":"Allow","Principal":"*",)";
  const std::string after = R"(,"Resource":"arn:aws:s3:::bucket/*"}]})";
  set(objects::SettingKind::kPolicy, before + R"("Action":"s3:GetObject")" + after);
  const auto first = rules_.policy(bucket_).value();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(rules_.policy(bucket_).value(), first) << "parsed once";
  set(objects::SettingKind::kPolicy, before + R"("Action":"s3:PutObject")" + after);
  const domain::PolicyQuestion put{.principal = "anonymous",
                                   .account = "anonymous",
                                   .action = "s3:PutObject",
                                   .resource = "arn:aws:s3:::bucket/k"};
  EXPECT_EQ(first->evaluate(put), domain::Decision::kImplicitDeny);
  EXPECT_EQ(rules_.policy(bucket_).value()->evaluate(put), domain::Decision::kAllowed);
}

TEST_F(BucketRulesTest, APolicyThatCannotBeReadIsAnError) {
  set(objects::SettingKind::kPolicy, R"({"Statement":[{"Effect":"Newer"}]})");
  const auto policy = rules_.policy(bucket_);
  ASSERT_FALSE(policy.ok());
  EXPECT_NE(policy.error().message.find("bucket 'bucket'"), std::string::npos);
}

TEST_F(BucketRulesTest, ThePublicAccessBlockIsHeeded) {
  EXPECT_FALSE(rules_.restricts_public(bucket_).value());
  set(objects::SettingKind::kPublicAccess, R"({"RestrictPublicBuckets":true})");
  EXPECT_TRUE(rules_.restricts_public(bucket_).value());
}

}  // namespace
}  // namespace clary::services
