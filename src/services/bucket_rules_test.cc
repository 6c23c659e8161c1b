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
  domain::Permissions anybody_;
};

TEST_F(BucketRulesTest, AreReadAgainWhenTheyChange) {
  EXPECT_EQ(rules_.policy_for(anybody_, bucket_).value(), nullptr);
  const std::string before = R"({"Statement":[{"Effect":"Allow","Principal":"*",)";
  const std::string after = R"(,"Resource":"arn:aws:s3:::bucket/*"}]})";
  set(objects::SettingKind::kPolicy, before + R"("Action":"s3:GetObject")" + after);
  const auto first = rules_.policy_for(anybody_, bucket_).value();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(rules_.policy_for(anybody_, bucket_).value(), first) << "parsed once";
  set(objects::SettingKind::kPolicy, before + R"("Action":"s3:PutObject")" + after);
  const domain::PolicyQuestion put{.principal = "anonymous",
                                   .account = "anonymous",
                                   .action = "s3:PutObject",
                                   .resource = "arn:aws:s3:::bucket/k"};
  EXPECT_EQ(first->evaluate(put), domain::Decision::kImplicitDeny);
  EXPECT_EQ(rules_.policy_for(anybody_, bucket_).value()->evaluate(put),
            domain::Decision::kAllowed);
}

TEST_F(BucketRulesTest, APolicyThatCannotBeReadIsAnError) {
  set(objects::SettingKind::kPolicy, R"({"Statement":[{"Effect":"Newer"}]})");
  const auto policy = rules_.policy_for(anybody_, bucket_);
  ASSERT_FALSE(policy.ok());
  EXPECT_NE(policy.error().message.find("bucket 'bucket'"), std::string::npos);
}

TEST_F(BucketRulesTest, ThePublicAccessBlockIsHeeded) {
  set(objects::SettingKind::kPolicy,
      R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
      R"("Resource":"arn:aws:s3:::bucket/*"}]})");
  const domain::Permissions nobody = domain::Permissions::of_nobody();
  EXPECT_NE(rules_.policy_for(nobody, bucket_).value(), nullptr);
  set(objects::SettingKind::kPublicAccess, R"({"RestrictPublicBuckets":true})");
  EXPECT_EQ(rules_.policy_for(nobody, bucket_).value(), nullptr);
  EXPECT_NE(rules_.policy_for(anybody_, bucket_).value(), nullptr);
}

TEST_F(BucketRulesTest, TheRuleThatTakesAnObjectFirstNamesItsEnd) {
  EXPECT_EQ(rules_.lifecycle(bucket_).value(), nullptr);
  set(objects::SettingKind::kLifecycle,
      R"({"Rules":[)"
      R"({"ID":"all","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":30}},)"
      R"({"ID":"a b/c","Status":"Enabled","Filter":{"Prefix":"tmp/"},"Expiration":{"Days":1}},)"
      R"({"ID":"off","Status":"Disabled","Filter":{"Prefix":""},"Expiration":{"Days":1}},)"
      R"({"ID":"tag","Status":"Enabled","Filter":{"Tag":{"Key":"k","Value":"v"}},)"
      R"("Expiration":{"Date":"2020-01-01T00:00:00Z"}}]})");
  const auto rules = rules_.lifecycle(bucket_).value();
  ASSERT_NE(rules, nullptr);
  objects::ObjectHead head;
  head.key = ObjectKey("tmp/x");
  head.last_modified = TimePoint(std::chrono::days(20'000) + std::chrono::hours(1));
  EXPECT_EQ(expiration_text(*rules, head),
            R"(expiry-date="Sun, 06 Oct 2024 00:00:00 GMT", rule-id="a%20b%2Fc")");
  head.key = ObjectKey("kept");
  EXPECT_EQ(expiration_text(*rules, head),
            R"(expiry-date="Mon, 04 Nov 2024 00:00:00 GMT", rule-id="all")");
  head.tags = {{"k", "v"}};
  EXPECT_EQ(expiration_text(*rules, head),
            R"(expiry-date="Wed, 01 Jan 2020 00:00:00 GMT", rule-id="tag")");
  EXPECT_EQ(expiration_text({}, head), std::nullopt);
}

}  // namespace
}  // namespace clary::services
