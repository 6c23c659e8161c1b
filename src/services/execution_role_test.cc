#include "services/execution_role.h"

#include <gtest/gtest.h>

#include "domain/fake_identity_store.h"

namespace clary::services {
namespace {

class ExecutionRoleTest : public testing::Test {
 protected:
  // "" when a job may act as the role R, whose trust has this one statement's members.
  std::string with(const std::string& members) {
    domain::Identity role{.kind = domain::IdentityKind::kRole, .name = "R"};
    role.trust =
        R"({"Version":"2012-10-17","Statement":[{"Action":"sts:AssumeRole",)" + members + "}]}";
    static_cast<void>(store_.remove(role.kind, role.name));
    EXPECT_TRUE(store_.create(role).ok());
    return check();
  }
  std::string check(const std::string& role = "arn:aws:iam::000000000000:role/R") {
    const Complaint refused = check_execution_role(store_, role, job_, context_);
    return refused ? refused->code + ": " + refused->message : "";
  }

  const std::string refused_ =
      "ValidationException: Could not assume role arn:aws:iam::000000000000:role/R. Please ensure "
      "that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.";
  domain::FakeIdentityStore store_;
  Arn job_{"arn:aws:sagemaker:us-east-1:000000000000:training-job/j"};
  CallContext context_{.account = AccountId("000000000000"), .region = Region("us-east-1")};
};

TEST_F(ExecutionRoleTest, TrustsSageMaker) {
  EXPECT_EQ(with(R"("Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"})"), "");
  EXPECT_EQ(with(R"("Effect":"Allow","Principal":{"Service":)"
                 R"(["lambda.amazonaws.com","sagemaker.amazonaws.com"]})"),
            "");
}

TEST_F(ExecutionRoleTest, DoesNotWhenItNamesSomebodyElse) {
  for (const char* principal :
       {R"({"Service":"lambda.amazonaws.com"})", R"({"AWS":"arn:aws:iam::000000000000:root"})",
        R"({"AWS":"arn:aws:iam::000000000000:user/u"})"}) {
    EXPECT_EQ(with(R"("Effect":"Allow","Principal":)" + std::string(principal)), refused_)
        << principal;
  }
  EXPECT_EQ(with(R"("Effect":"Deny","Principal":{"Service":"sagemaker.amazonaws.com"})"), refused_);
}

TEST_F(ExecutionRoleTest, ConditionsAreOfTheJobAndItsAccount) {
  const auto when = [this](const std::string& condition) {
    return with(
        R"("Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Condition":)" +
        condition);
  };
  EXPECT_EQ(when(R"({"StringEquals":{"aws:SourceAccount":"000000000000"}})"), "");
  EXPECT_EQ(when(R"({"ArnLike":{"aws:SourceArn":"arn:aws:sagemaker:*:000000000000:*"}})"), "");
  EXPECT_EQ(when(R"({"StringEquals":{"aws:SourceAccount":"111111111111"}})"), refused_);
  EXPECT_EQ(when(R"({"ArnLike":{"aws:SourceArn":"arn:aws:sagemaker:eu-west-1:*:*"}})"), refused_);
  EXPECT_EQ(when(R"({"StringEquals":{"aws:PrincipalAccount":"000000000000"}})"), refused_);
  EXPECT_EQ(when(R"({"StringEquals":{"sts:ExternalId":"x"}})"), refused_);
}

TEST_F(ExecutionRoleTest, ThatWasNeverMadeIsTaken) {
  EXPECT_EQ(check(), "");
  EXPECT_EQ(check("arn:aws:iam::000000000000:role/SageMakerRole"), "");
  EXPECT_EQ(with(R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"})"), refused_);
  EXPECT_EQ(check("arn:aws:iam::111111111111:role/R"), "");
}

}  // namespace
}  // namespace clary::services
