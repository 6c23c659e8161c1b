#include "domain/permissions.h"

#include <gtest/gtest.h>

#include "domain/fake_identity_store.h"
#include "domain/managed_policies.h"

namespace clary::domain {
namespace {

constexpr std::string_view kAccount = "000000000000";

std::string allow(const std::string& action) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":")" + action +
         R"(","Resource":"*"}})";
}

class PermissionsTest : public ::testing::Test {
 protected:
  void give(IdentityKind kind, const std::string& name, const std::string& document) {
    static_cast<void>(identities_.create({.kind = kind, .name = name}));
    EXPECT_TRUE(
        identities_.put_policy(kind, name, {.name = "own", .arn = "", .document = document}).ok());
  }
  Decision ask(const AccessKey& key, const std::string& action) {
    const auto permissions = Permissions::of_key(key, identities_, kAccount);
    EXPECT_TRUE(permissions.ok()) << permissions.error().message;
    return permissions->evaluate({.principal = key.principal,
                                  .account = std::string(kAccount),
                                  .action = action,
                                  .resource = "arn:aws:s3:::b/k",
                                  .facts = {}});
  }
  static AccessKey session(const std::string& role, const std::string& policy = "") {
    return {.principal = "arn:aws:sts::000000000000:assumed-role/" + role + "/s", .policy = policy};
  }
  static AccessKey job(const std::string& role) {
    AccessKey key = session(role, std::string(default_job_policy()));
    key.gang = GangId("g");
    return key;
  }

  FakeIdentityStore identities_;
};

TEST_F(PermissionsTest, RootAndItsSessionsMayDoEverything) {
  EXPECT_EQ(ask({.principal = "root"}, "iam:CreateUser"), Decision::kAllowed);
  EXPECT_EQ(ask({.principal = "arn:aws:iam::000000000000:root"}, "iam:CreateUser"),
            Decision::kAllowed);
}

TEST_F(PermissionsTest, AUserHasItsOwnPolicies) {
  const AccessKey key{.principal = "arn:aws:iam::000000000000:user/path/ann"};
  EXPECT_EQ(ask(key, "s3:GetObject"), Decision::kImplicitDeny);
  give(IdentityKind::kUser, "ann", allow("s3:Get*"));
  EXPECT_EQ(ask(key, "s3:GetObject"), Decision::kAllowed);
  EXPECT_EQ(ask(key, "s3:PutObject"), Decision::kImplicitDeny);
}

TEST_F(PermissionsTest, ASessionPolicyOnlyNarrows) {
  give(IdentityKind::kRole, "R", allow("s3:*"));
  EXPECT_EQ(ask(session("R"), "s3:PutObject"), Decision::kAllowed);
  EXPECT_EQ(ask(session("R", allow("s3:Get*")), "s3:PutObject"), Decision::kImplicitDeny);
  EXPECT_EQ(ask(session("R", allow("s3:Get*")), "s3:GetObject"), Decision::kAllowed);
  EXPECT_EQ(ask(session("R", allow("*")), "iam:CreateUser"), Decision::kImplicitDeny);
}

TEST_F(PermissionsTest, AJobHasItsRolesPoliciesOrTheDefaultOnes) {
  EXPECT_EQ(ask(job("Unknown"), "s3:PutObject"), Decision::kAllowed);
  EXPECT_EQ(ask(job("Unknown"), "sagemaker:CreateTrainingJob"), Decision::kImplicitDeny);
  EXPECT_EQ(ask(job("SageMakerRole"), "sagemaker:CreateTrainingJob"), Decision::kImplicitDeny);
  EXPECT_EQ(ask(session("SageMakerRole"), "sagemaker:CreateTrainingJob"), Decision::kAllowed);
  give(IdentityKind::kRole, "R", allow("sagemaker:*"));
  EXPECT_EQ(ask(job("R"), "sagemaker:CreateTrainingJob"), Decision::kAllowed);
  EXPECT_EQ(ask(job("R"), "s3:PutObject"), Decision::kImplicitDeny);
}

TEST_F(PermissionsTest, ADenyInAnyPolicyWins) {
  give(IdentityKind::kRole, "R", allow("*"));
  ASSERT_TRUE(identities_
                  .put_policy(IdentityKind::kRole, "R",
                              {.name = "no",
                               .arn = "",
                               .document = R"({"Statement":{"Effect":"Deny","Action":"s3:*",)"
                                           R"("Resource":"*"}})"})
                  .ok());
  EXPECT_EQ(ask(session("R", allow("*")), "s3:GetObject"), Decision::kExplicitDeny);
  EXPECT_EQ(ask(session("R", allow("*")), "logs:GetLogEvents"), Decision::kAllowed);
}

TEST_F(PermissionsTest, AResourcesPolicyIsPutTogetherWithTheAskersOwn) {
  give(IdentityKind::kUser, "ann", allow("s3:Get*"));
  give(IdentityKind::kRole, "R", allow("s3:Get*"));
  const AccessKey ann{.principal = "arn:aws:iam::000000000000:user/ann"};
  const AccessKey narrow = session("R", allow("s3:Get*"));
  const auto refusal = [&](const AccessKey& key, const std::string& action,
                           const std::string& principal) {
    const auto policy = Policy::parse(
        R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":")" +
        principal + R"("}}})");
    const PolicyQuestion question{.principal = key.principal,
                                  .account = std::string(kAccount),
                                  .action = action,
                                  .resource = "r",
                                  .facts = {}};
    return Permissions::of_key(key, identities_, kAccount)
        ->refusal(question, &*policy)
        .value_or("allowed");
  };
  const std::string account = "arn:aws:iam::000000000000:root";
  EXPECT_EQ(refusal(ann, "s3:GetObject", account), "allowed") << "her own policy does";
  EXPECT_EQ(
      refusal(ann, "s3:PutObject", account),
      "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: s3:PutObject on "
      "resource: r because no identity-based policy allows the s3:PutObject action");
  EXPECT_EQ(refusal(ann, "s3:PutObject", ann.principal), "allowed");
  EXPECT_EQ(refusal({.principal = "root"}, "s3:PutObject", account), "allowed");
  EXPECT_EQ(refusal(narrow, "s3:PutObject", narrow.principal), "allowed");
  EXPECT_NE(refusal(narrow, "s3:PutObject", "arn:aws:iam::000000000000:role/R"), "allowed")
      << "what a role is granted, the policy of its session limits";
  EXPECT_EQ(refusal(session("R"), "s3:PutObject", "arn:aws:iam::000000000000:role/R"), "allowed");
}

TEST_F(PermissionsTest, AJobWithARoleOfAnotherAccountHasNoneOfTheRoleOfThisNameHere) {
  give(IdentityKind::kRole, "R", allow("iam:*"));
  EXPECT_EQ(ask(job("R"), "iam:CreateUser"), Decision::kAllowed);
  for (const char* place : {"arn:aws:sts::111111111111", "arn:aws-cn:sts::000000000000"}) {
    AccessKey key = job("R");
    key.principal = std::string(place) + ":assumed-role/R/s";
    EXPECT_EQ(ask(key, "iam:CreateUser"), Decision::kImplicitDeny) << place;
    EXPECT_EQ(ask(key, "s3:GetObject"), Decision::kAllowed) << place;
  }
}

TEST_F(PermissionsTest, ARefusalNamesTheKindOfPolicy) {
  give(IdentityKind::kRole, "R", allow("s3:Get*"));
  const auto reason = [&](const AccessKey& key, const std::string& action) {
    const PolicyQuestion question{.principal = "p", .account = "a", .action = action};
    const std::string text = Permissions::of_key(key, identities_, kAccount)
                                 ->refusal(question, nullptr)
                                 .value_or("allowed");
    return text.substr(std::min(text.size(), text.find("because")));
  };
  EXPECT_EQ(reason(session("R", allow("s3:List*")), "s3:GetObject"),
            "because no session policy allows the s3:GetObject action");
  EXPECT_EQ(reason(session("R", allow("*")), "s3:PutObject"),
            "because no identity-based policy allows the s3:PutObject action");
  const PolicyQuestion question{.principal = "anonymous", .account = "anonymous", .action = "a"};
  EXPECT_EQ(Permissions::of_nobody().refusal(question, nullptr), "Access Denied");
}

TEST_F(PermissionsTest, EveryManagedPolicyIsOneTheEvaluatorKnows) {
  for (const std::string_view arn : managed_policy_arns()) {
    const auto policy = Policy::parse(*managed_policy(arn));
    ASSERT_TRUE(policy.ok()) << arn << ": " << policy.error().message;
    EXPECT_TRUE(policy->check_identity_policy().ok()) << arn;
  }
  EXPECT_TRUE(Policy::parse(default_role_policy())->check_identity_policy().ok());
}

TEST(PrincipalArn, OfASessionIsItsRoles) {
  FakeIdentityStore identities;
  ASSERT_TRUE(identities.create({.kind = IdentityKind::kRole, .name = "R", .path = "/team/"}).ok());
  const auto arn = [&](const std::string& principal) {
    return principal_arn(principal, std::string(kAccount), identities).value();
  };
  EXPECT_EQ(arn("arn:aws:sts::000000000000:assumed-role/R/s"),
            "arn:aws:iam::000000000000:role/team/R");
  EXPECT_EQ(arn("arn:aws:sts::000000000000:assumed-role/Unknown/s"),
            "arn:aws:iam::000000000000:role/Unknown");
  EXPECT_EQ(arn("arn:aws:sts::111111111111:assumed-role/R/s"), "arn:aws:iam::111111111111:role/R");
  EXPECT_EQ(arn("arn:aws:iam::000000000000:user/p/ann"), "arn:aws:iam::000000000000:user/p/ann");
  EXPECT_EQ(arn("root"), "arn:aws:iam::000000000000:root");
}

TEST(PrincipalName, IsTheLastWordOfItsArn) {
  EXPECT_EQ(principal_name("arn:aws:sts::1:assumed-role/R/session")->name, "R");
  EXPECT_EQ(principal_name("arn:aws:iam::1:role/service-role/R")->name, "R");
  EXPECT_EQ(principal_name("arn:aws:iam::1:user/ann")->kind, IdentityKind::kUser);
  EXPECT_FALSE(principal_name("arn:aws:iam::1:root"));
  EXPECT_FALSE(principal_name("root"));
}

TEST(PolicyPrincipals, ARoleMeansItsSessions) {
  const auto policy = Policy::parse(
      R"({"Statement":{"Effect":"Allow","Action":"*","Principal":{"AWS":"arn:aws:iam::1:role/p/R"}}})");
  PolicyQuestion question{.principal = "arn:aws:sts::1:assumed-role/R/s",
                          .account = "1",
                          .action = "s3:GetObject",
                          .resource = "r",
                          .facts = {}};
  EXPECT_EQ(policy->evaluate(question), Decision::kAllowed);
  question.principal = "arn:aws:sts::1:assumed-role/RR/s";
  EXPECT_EQ(policy->evaluate(question), Decision::kImplicitDeny);
  EXPECT_TRUE(policy->check_trust_policy().ok());
  EXPECT_FALSE(policy->check_identity_policy().ok());
}

}  // namespace
}  // namespace clary::domain
