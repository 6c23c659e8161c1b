// Roles and policies that are changed by several callers at once.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/id_source.h"
#include "domain/fake_identity_store.h"
#include "services/iam_policies.h"
#include "services/iam_roles.h"

namespace clary::services {
namespace {

constexpr const char* kTrust =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}})";
constexpr const char* kPolicy =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}})";

// Once it waits for others, who reads a role first gets it when somebody else has read one too, or
// when nobody can.
class SharedReads final : public domain::FakeIdentityStore {
 public:
  void wait_for_others() { waits_ = true; }
  Result<domain::Identity> find(domain::IdentityKind kind, const std::string& name) override {
    Result<domain::Identity> found = FakeIdentityStore::find(kind, name);
    std::unique_lock lock(reading_);
    ++reads_;
    changed_.notify_all();
    if (waits_)
      changed_.wait_for(lock, std::chrono::milliseconds(50), [this] { return reads_ > 1; });
    return found;
  }

 private:
  std::mutex reading_;
  std::condition_variable changed_;
  int reads_ = 0;
  bool waits_ = false;
};

// Of some holders the store still says that they have a policy when they are gone.
class GoneHolders final : public domain::FakeIdentityStore {
 public:
  Result<domain::Identity> find(domain::IdentityKind kind, const std::string& name) override {
    if (name == "gone") return not_found("identity 'gone': not there");
    return FakeIdentityStore::find(kind, name);
  }
};

class RoleChangesTest : public testing::Test {
 protected:
  RoleChangesTest() {
    EXPECT_TRUE(
        store_.create({.kind = domain::IdentityKind::kRole, .name = "R", .trust = "old"}).ok());
    store_.wait_for_others();
  }
  std::vector<domain::Tag> tags() {
    return store_.FakeIdentityStore::find(domain::IdentityKind::kRole, "R").value().tags;
  }

  SharedReads store_;
  CountingIds ids_;
  IamRoles roles_{store_, store_, ids_};
};

TEST_F(RoleChangesTest, TagsOfTwoCallersAreBothKept) {
  const auto tag = [this](const std::string& key) {
    EXPECT_TRUE(roles_.tag({.role_name = "R", .tags = {{.key = key, .value = "1"}}}, {}).ok());
  };
  std::thread other(tag, "a");
  tag("b");
  other.join();
  EXPECT_EQ(tags().size(), 2U);
}

TEST_F(RoleChangesTest, ATagAndATrustOfTwoCallersAreBothKept) {
  std::thread other([this] {
    EXPECT_TRUE(roles_.update_trust({.role_name = "R", .policy_document = kTrust}, {}).ok());
  });
  EXPECT_TRUE(roles_.tag({.role_name = "R", .tags = {{.key = "a", .value = "1"}}}, {}).ok());
  other.join();
  EXPECT_EQ(tags().size(), 1U);
  EXPECT_EQ(store_.FakeIdentityStore::find(domain::IdentityKind::kRole, "R").value().trust, kTrust);
}

TEST(IamPolicyNames, AreUniqueWhateverThePathAndTheCase) {
  domain::FakeIdentityStore store;
  CountingIds ids;
  IamPolicies policies(store, store, ids);
  const CallContext context{.account = AccountId("123456789012")};
  const auto create = [&](const std::string& name, const std::string& path) {
    api::CreatePolicy::Request request;
    request.policy_name = name;
    request.path = path;
    request.policy_document = kPolicy;
    const auto made = policies.create(request, context);
    return made.ok() ? "made" : made.error().code;
  };
  EXPECT_EQ(create("P", "/"), "made");
  EXPECT_EQ(create("P", "/"), "EntityAlreadyExists");
  EXPECT_EQ(create("P", "/team/"), "EntityAlreadyExists");
  EXPECT_EQ(create("p", "/"), "EntityAlreadyExists");
  EXPECT_EQ(create("Q", "/P/"), "made");
  EXPECT_EQ(create("PQ", "/"), "made");
}

TEST(IamPolicyHolders, WhoIsRemovedMeanwhileIsPassedOver) {
  GoneHolders store;
  CountingIds ids;
  IamPolicies policies(store, store, ids);
  const std::string arn = "arn:aws:iam::123456789012:policy/P";
  ASSERT_TRUE(store.create_policy({.arn = arn, .versions = {{.document = kPolicy}}}).ok());
  for (const char* name : {"gone", "here"}) {
    ASSERT_TRUE(store.create({.kind = domain::IdentityKind::kUser, .name = name}).ok());
    ASSERT_TRUE(store.put_policy(domain::IdentityKind::kUser, name, {.arn = arn}).ok());
  }
  api::ListEntitiesForPolicy::Request request;
  request.policy_arn = arn;
  auto reply = policies.list_entities(request, {});
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->policy_users->size(), 1U);
  EXPECT_EQ(reply->policy_users->front().user_name, "here");
}

}  // namespace
}  // namespace clary::services
