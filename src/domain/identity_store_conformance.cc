#include "base/time_text.h"
#include "domain/job_store_conformance.h"

namespace clary::domain {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(IdentityStoreConformance);

::testing::internal::ValueArray<MakeStores> identity_stores_of(MakeStores make) {
  return ::testing::Values(make);
}

void IdentityStoreConformance::SetUp() { stores_ = GetParam()(); }

std::string IdentityStoreConformance::policies(const std::string& role) {
  std::string keys;
  const Result<std::vector<IdentityPolicy>> found =
      identities().policies(IdentityKind::kRole, role);
  for (const IdentityPolicy& policy : found.value())
    keys += (keys.empty() ? "" : " ") + policy.key();
  return keys;
}

TEST_P(IdentityStoreConformance, KeepsEveryMember) {
  const Identity role{.kind = IdentityKind::kRole,
                      .name = "R",
                      .id = "AROA1",
                      .path = "/service-role/",
                      .created = from_epoch_seconds(1'700'000'000),
                      .trust = "{}",
                      .description = "d",
                      .max_session_seconds = 7200,
                      .tags = {{"k", "v"}, {"l", ""}}};
  ASSERT_TRUE(identities().create(role).ok());
  stores_->reopen();
  const Identity found = identities().find(IdentityKind::kRole, "R").value();
  EXPECT_EQ(found.id, "AROA1");
  EXPECT_EQ(found.path, "/service-role/");
  EXPECT_EQ(found.created, role.created);
  EXPECT_EQ(found.trust, "{}");
  EXPECT_EQ(found.description, "d");
  EXPECT_EQ(found.max_session_seconds, 7200);
  EXPECT_EQ(found.tags, role.tags);
}

TEST_P(IdentityStoreConformance, RolesAndUsersAreKeptApart) {
  ASSERT_TRUE(identities().create({.kind = IdentityKind::kRole, .name = "x"}).ok());
  EXPECT_EQ(identities().create({.kind = IdentityKind::kRole, .name = "x"}).error().code,
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(identities().find(IdentityKind::kUser, "x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(identities().create({.kind = IdentityKind::kUser, .name = "x"}).ok());
  ASSERT_TRUE(identities().create({.kind = IdentityKind::kUser, .name = "a"}).ok());
  const std::vector<Identity> users = identities().list(IdentityKind::kUser).value();
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].name, "a");
  ASSERT_TRUE(identities().remove(IdentityKind::kUser, "x").ok());
  EXPECT_TRUE(identities().find(IdentityKind::kRole, "x").ok());
  EXPECT_EQ(identities().remove(IdentityKind::kUser, "x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(identities().replace({.kind = IdentityKind::kRole, .name = "x", .trust = "t"}).ok());
  EXPECT_EQ(identities().find(IdentityKind::kRole, "x").value().trust, "t");
  EXPECT_EQ(identities().replace({.kind = IdentityKind::kRole, .name = "y"}).error().code,
            ErrorCode::kNotFound);
}

TEST_P(IdentityStoreConformance, PoliciesBelongToOneIdentity) {
  const IdentityPolicy managed{.name = "P", .arn = "arn:aws:iam::aws:policy/P", .document = ""};
  EXPECT_EQ(identities().put_policy(IdentityKind::kRole, "R", managed).error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(identities().create({.kind = IdentityKind::kRole, .name = "R"}).ok());
  ASSERT_TRUE(identities().put_policy(IdentityKind::kRole, "R", managed).ok());
  ASSERT_TRUE(
      identities().put_policy(IdentityKind::kRole, "R", {.name = "own", .document = "1"}).ok());
  ASSERT_TRUE(
      identities().put_policy(IdentityKind::kRole, "R", {.name = "own", .document = "2"}).ok());
  stores_->reopen();
  EXPECT_EQ(policies("R"), "arn:aws:iam::aws:policy/P own");
  const auto kept = identities().policies(IdentityKind::kRole, "R").value();
  EXPECT_EQ(kept[0].name, "P");
  EXPECT_EQ(kept[1].document, "2");
  EXPECT_EQ(identities().remove(IdentityKind::kRole, "R").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(identities().remove_policy(IdentityKind::kRole, "R", "own").ok());
  EXPECT_EQ(identities().remove_policy(IdentityKind::kRole, "R", "own").error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(identities().clear().ok());
  EXPECT_EQ(policies("R"), "");
  EXPECT_TRUE(identities().list(IdentityKind::kRole).value().empty());
}

TEST_P(IdentityStoreConformance, ManagedPoliciesKeepTheirVersions) {
  const std::string arn = "arn:aws:iam::1:policy/team/P";
  ManagedPolicy policy{.arn = arn,
                       .id = "ANPA1",
                       .description = "d",
                       .created = from_epoch_seconds(1'700'000'000),
                       .updated = from_epoch_seconds(1'700'000'001),
                       .tags = {{"k", "v"}},
                       .versions = {{.number = 1, .document = "one"}},
                       .default_version = 1,
                       .last_version = 1};
  EXPECT_EQ(managed().replace_policy(policy).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(managed().create_policy(policy).ok());
  EXPECT_EQ(managed().create_policy(policy).error().code, ErrorCode::kAlreadyExists);
  policy.versions.push_back({.number = 3, .document = "three", .created = policy.updated});
  policy.default_version = policy.last_version = 3;
  ASSERT_TRUE(managed().replace_policy(policy).ok());
  stores_->reopen();
  const ManagedPolicy kept = managed().find_policy(arn).value();
  EXPECT_EQ(kept.id, "ANPA1");
  EXPECT_EQ(kept.description, "d");
  EXPECT_EQ(kept.created, policy.created);
  EXPECT_EQ(kept.updated, policy.updated);
  EXPECT_EQ(kept.tags, policy.tags);
  ASSERT_EQ(kept.versions.size(), 2U);
  EXPECT_EQ(kept.version(kept.default_version).document, "three");
  EXPECT_EQ(kept.versions[1].created, policy.updated);
  EXPECT_EQ(kept.last_version, 3);
  EXPECT_EQ(managed().list_policies().value().size(), 1U);
}

TEST_P(IdentityStoreConformance, AManagedPolicySpeaksForThoseWhoHaveIt) {
  const std::string arn = "arn:aws:iam::1:policy/P";
  ManagedPolicy policy{.arn = arn, .versions = {{.number = 1, .document = "one"}}};
  ASSERT_TRUE(managed().create_policy(policy).ok());
  ASSERT_TRUE(identities().create({.kind = IdentityKind::kUser, .name = "u"}).ok());
  ASSERT_TRUE(identities().put_policy(IdentityKind::kUser, "u", {.arn = arn}).ok());
  const auto document = [this] {
    return identities().policies(IdentityKind::kUser, "u").value().front().document;
  };
  EXPECT_EQ(document(), "one");
  policy.versions.front().document = "two";
  ASSERT_TRUE(managed().replace_policy(policy).ok());
  EXPECT_EQ(document(), "two");
  ASSERT_EQ(managed().attached(arn).value().size(), 1U);
  EXPECT_EQ(managed().attached(arn).value().front(),
            std::pair(IdentityKind::kUser, std::string("u")));
  EXPECT_EQ(managed().remove_policy(arn).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(identities().remove_policy(IdentityKind::kUser, "u", arn).ok());
  ASSERT_TRUE(managed().remove_policy(arn).ok());
  EXPECT_EQ(managed().remove_policy(arn).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(managed().find_policy(arn).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(managed().create_policy(policy).ok());
  ASSERT_TRUE(identities().clear().ok());
  EXPECT_TRUE(managed().list_policies().value().empty());
}

}  // namespace clary::domain
