// Roles and policies that are changed by several callers at once.
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <string>
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

// Who has read a role lets others read it too before it is changed, where they can.
class SharedReads final : public domain::FakeIdentityStore {
 public:
  Result<domain::Identity> find(domain::IdentityKind kind, const std::string& name) override {
    Result<domain::Identity> found = FakeIdentityStore::find(kind, name);
    for (int turn = 0; turn < 20; ++turn) std::this_thread::yield();
    return found;
  }
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
  static constexpr int kRounds = 20;

  RoleChangesTest() {
    EXPECT_TRUE(
        store_.create({.kind = domain::IdentityKind::kRole, .name = "R", .trust = "old"}).ok());
  }
  void tag(const std::string& key) {
    EXPECT_TRUE(roles_.tag({.role_name = "R", .tags = {{.key = key, .value = "1"}}}, {}).ok());
  }
  // Both begin at once, and each does it many times.
  static void at_once(const std::function<void(int)>& one, const std::function<void(int)>& other) {
    std::latch begin(2);
    const auto rounds = [&begin](const std::function<void(int)>& change) {
      begin.arrive_and_wait();
      for (int round = 0; round < kRounds; ++round) change(round);
    };
    std::thread beside(rounds, std::ref(other));
    rounds(one);
    beside.join();
  }
  domain::Identity role() { return store_.find(domain::IdentityKind::kRole, "R").value(); }

  SharedReads store_;
  CountingIds ids_;
  IamRoles roles_{store_, store_, ids_};
};

TEST_F(RoleChangesTest, TagsOfTwoCallersAreAllKept) {
  at_once([this](int round) { tag("a" + std::to_string(round)); },
          [this](int round) { tag("b" + std::to_string(round)); });
  EXPECT_EQ(role().tags.size(), 2U * kRounds);
}

TEST_F(RoleChangesTest, TagsAndATrustOfTwoCallersAreAllKept) {
  at_once(
      [this](int round) { tag("a" + std::to_string(round)); },
      [this](int) {
        EXPECT_TRUE(roles_.update_trust({.role_name = "R", .policy_document = kTrust}, {}).ok());
      });
  EXPECT_EQ(role().tags.size(), 1U * kRounds);
  EXPECT_EQ(role().trust, kTrust);
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
