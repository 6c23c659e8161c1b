#include "domain/job_store_conformance.h"

namespace clary::domain {
namespace {

const TimePoint kExpiry{std::chrono::seconds(1'700'000'000)};

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(KeyStoreConformance);

::testing::internal::ValueArray<MakeStores> key_stores_of(MakeStores make) {
  return ::testing::Values(make);
}

void KeyStoreConformance::SetUp() { stores_ = GetParam()(); }

TEST_P(KeyStoreConformance, KeepsEveryMemberOfAKey) {
  const AccessKey session{.id = AccessKeyId("ASIA1"),
                          .secret = Secret("s"),
                          .session_token = Secret("t"),
                          .expires = kExpiry,
                          .principal = "arn:session",
                          .policy = "{}",
                          .gang = GangId("g")};
  ASSERT_TRUE(keys().put(session).ok());
  stores_->reopen();
  const AccessKey found = keys().find(AccessKeyId("ASIA1")).value();
  EXPECT_EQ(found.secret.reveal(), "s");
  EXPECT_EQ(found.session_token.reveal(), "t");
  EXPECT_EQ(found.expires, kExpiry);
  EXPECT_EQ(found.principal, "arn:session");
  EXPECT_EQ(found.policy, "{}");
  EXPECT_EQ(found.gang, GangId("g"));
  EXPECT_EQ(keys().find(AccessKeyId("asia1")).error().code, ErrorCode::kNotFound);
}

TEST_P(KeyStoreConformance, KnowsTheRootKeyAndReplacesIt) {
  EXPECT_FALSE(keys().root().value().has_value());
  ASSERT_TRUE(
      keys().put({.id = AccessKeyId("AKIA1"), .secret = Secret("a"), .principal = "root"}).ok());
  ASSERT_TRUE(
      keys().put({.id = AccessKeyId("AKIA1"), .secret = Secret("b"), .principal = "root"}).ok());
  ASSERT_TRUE(
      keys().put({.id = AccessKeyId("ASIA1"), .principal = "arn:x", .gang = GangId("g")}).ok());
  const auto root = keys().root().value();
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->secret.reveal(), "b");
  EXPECT_FALSE(root->expires.has_value());
}

TEST_P(KeyStoreConformance, TheKeysOfAGangEndWithIt) {
  ASSERT_TRUE(keys().put({.id = AccessKeyId("AKIA1"), .principal = "root"}).ok());
  for (const char* id : {"ASIA1", "ASIA2"})
    ASSERT_TRUE(keys().put({.id = AccessKeyId(id), .gang = GangId("g")}).ok());
  ASSERT_TRUE(keys().put({.id = AccessKeyId("ASIA3"), .gang = GangId("h")}).ok());
  ASSERT_TRUE(keys().remove_of_gang(GangId("g")).ok());
  ASSERT_TRUE(keys().remove_of_gang(GangId("")).ok());
  EXPECT_FALSE(keys().find(AccessKeyId("ASIA1")).ok());
  EXPECT_FALSE(keys().find(AccessKeyId("ASIA2")).ok());
  EXPECT_TRUE(keys().find(AccessKeyId("ASIA3")).ok());
  EXPECT_TRUE(keys().find(AccessKeyId("AKIA1")).ok());
}

// A store may remember what it has found: every change shows at once.
TEST_P(KeyStoreConformance, AKeyThatWasFoundIsFoundAsItIsNow) {
  const AccessKeyId id("AKIA1");
  const auto secret = [&] { return keys().find(id).value().secret.reveal(); };
  ASSERT_TRUE(keys().put({.id = id, .secret = Secret("a"), .gang = GangId("g")}).ok());
  EXPECT_EQ(secret(), "a");
  ASSERT_TRUE(keys().put({.id = id, .secret = Secret("b"), .expires = kExpiry}).ok());
  EXPECT_EQ(secret(), "b");
  ASSERT_TRUE(keys().remove_expired(kExpiry + std::chrono::seconds(1)).ok());
  EXPECT_FALSE(keys().find(id).ok());
  ASSERT_TRUE(keys().put({.id = id, .secret = Secret("c"), .gang = GangId("g")}).ok());
  EXPECT_EQ(secret(), "c");
  ASSERT_TRUE(keys().remove_of_gang(GangId("g")).ok());
  EXPECT_FALSE(keys().find(id).ok());
  ASSERT_TRUE(keys().put({.id = id, .secret = Secret("d")}).ok());
  EXPECT_EQ(secret(), "d");
  ASSERT_TRUE(keys().remove(id).ok());
  EXPECT_FALSE(keys().find(id).ok());
}

}  // namespace clary::domain
