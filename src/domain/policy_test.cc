#include "domain/policy.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/wildcard.h"

namespace clary::domain {
namespace {

std::string policy_of(std::string_view statement) {
  return R"({"Version":"2012-10-17","Statement":)" + std::string(statement) + "}";
}

Decision decide(std::string_view statement, const PolicyQuestion& question) {
  Result<Policy> policy = Policy::parse(policy_of(statement));
  EXPECT_TRUE(policy.ok()) << policy.error().message;
  return policy->evaluate(question);
}

PolicyQuestion get_object(std::string key = "arn:aws:s3:::data/train/a") {
  return {.principal = "arn:aws:sts::000000000000:assumed-role/SageMakerRole/s",
          .account = "000000000000",
          .action = "s3:GetObject",
          .resource = std::move(key)};
}

TEST(Policy, NothingIsAllowedUnlessSaid) {
  EXPECT_EQ(decide("[]", get_object()), Decision::kImplicitDeny);
  EXPECT_EQ(decide(R"({"Effect":"Allow","Action":"s3:PutObject","Resource":"*"})", get_object()),
            Decision::kImplicitDeny);
  EXPECT_EQ(decide(R"({"Effect":"Allow","Action":"S3:getobject","Resource":"*"})", get_object()),
            Decision::kAllowed);
}

TEST(Policy, DenyWinsWhereverItStands) {
  constexpr std::string_view statements =
      R"([{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::data/secret/*"},{"Effect":"Allow","Action":"*","Resource":"*"}])";
  EXPECT_EQ(decide(statements, get_object()), Decision::kAllowed);
  EXPECT_EQ(decide(statements, get_object("arn:aws:s3:::data/secret/k")), Decision::kExplicitDeny);
}

TEST(Policy, NotActionAndNotResource) {
  EXPECT_EQ(decide(R"({"Effect":"Allow","NotAction":"iam:*","Resource":"*"})", get_object()),
            Decision::kAllowed);
  EXPECT_EQ(decide(R"({"Effect":"Allow","NotAction":"s3:Get*","Resource":"*"})", get_object()),
            Decision::kImplicitDeny);
  EXPECT_EQ(decide(R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::data/*"})",
                   get_object()),
            Decision::kImplicitDeny);
}

ResourceDecision decide_for(std::string_view effect, std::string_view principals) {
  const std::string statement = R"({"Action":"*","Resource":"*","Effect":")" + std::string(effect) +
                                R"(",)" + std::string(principals) + "}";
  Result<Policy> policy = Policy::parse(policy_of(statement));
  EXPECT_TRUE(policy.ok()) << policy.error().message;
  return policy->evaluate_for_resource(get_object());
}

TEST(Policy, AResourcesPolicyGrantsByHowItNamesWhoAsks) {
  const auto with = [](std::string_view principal) {
    return decide_for("Allow", R"("Principal":)" + std::string(principal));
  };
  EXPECT_EQ(with(R"("*")"), ResourceDecision::kAllowed);
  EXPECT_EQ(with(R"({"AWS":"arn:aws:sts::000000000000:assumed-role/SageMakerRole/s"})"),
            ResourceDecision::kAllowed);
  EXPECT_EQ(with(R"({"AWS":"arn:aws:iam::000000000000:role/p/SageMakerRole"})"),
            ResourceDecision::kAllowedToRole);
  EXPECT_EQ(with(R"({"AWS":"000000000000"})"), ResourceDecision::kLeftToIdentity);
  EXPECT_EQ(with(R"({"AWS":["arn:aws:iam::000000000000:root"]})"),
            ResourceDecision::kLeftToIdentity);
  EXPECT_EQ(with(R"({"AWS":["000000000000","*"]})"), ResourceDecision::kAllowed);
  EXPECT_EQ(with(R"({"AWS":"arn:aws:iam::111111111111:root"})"), ResourceDecision::kImplicitDeny);
  EXPECT_EQ(with(R"({"Service":"sagemaker.amazonaws.com"})"), ResourceDecision::kImplicitDeny);
}

TEST(Policy, ADenyReachesTheWholeAccountAndNotPrincipalSparesOnlyWhoItNames) {
  const auto deny = [](std::string_view principals) { return decide_for("Deny", principals); };
  EXPECT_EQ(deny(R"("Principal":{"AWS":"000000000000"})"), ResourceDecision::kExplicitDeny);
  EXPECT_EQ(deny(R"("NotPrincipal":{"AWS":"000000000000"})"), ResourceDecision::kExplicitDeny);
  EXPECT_EQ(
      deny(
          R"("NotPrincipal":{"AWS":["000000000000","arn:aws:iam::000000000000:role/SageMakerRole"]})"),
      ResourceDecision::kImplicitDeny);
  EXPECT_EQ(decide_for("Allow", R"("NotPrincipal":{"AWS":"000000000000"})"),
            ResourceDecision::kImplicitDeny);
}

TEST(Policy, SaysWhetherItTellsKeysBelowAPrefixApart) {
  const auto tells = [](std::string_view resource, std::string_view action = "s3:GetObject") {
    const std::string statement = R"({"Effect":"Deny","Action":")" + std::string(action) +
                                  R"(","Resource":")" + std::string(resource) + R"("})";
    return Policy::parse(policy_of(statement))
        ->tells_apart_below(get_object("arn:aws:s3:::data/train/"));
  };
  for (const char* whole : {"*", "arn:aws:s3:::data/*", "arn:aws:s3:::*", "arn:aws:s3:::data/tr*",
                            "arn:aws:s3:::other/*", "arn:aws:s3:::data/test/*", "arn:aws:s3:::data",
                            "arn:aws:s3:::data/train"}) {
    EXPECT_FALSE(tells(whole)) << whole;
  }
  for (const char* part : {"arn:aws:s3:::data/train/a", "arn:aws:s3:::data/*.csv", "*x",
                           "arn:aws:s3:::data/train/?*", "arn:aws:s3:::*/secret/*"}) {
    EXPECT_TRUE(tells(part)) << part;
    EXPECT_FALSE(tells(part, "s3:PutObject")) << part;
  }
}

TEST(Policy, OneWithoutAStatementIsNotPutAnywhere) {
  const Result<Policy> empty = Policy::parse(policy_of("[]"));
  ASSERT_TRUE(empty.ok()) << "one that was kept is still read";
  EXPECT_FALSE(empty->check_identity_policy().ok());
  EXPECT_FALSE(empty->check_trust_policy().ok());
  EXPECT_FALSE(empty->check_of_bucket("data").ok());
}

struct ConditionCase {
  std::string_view condition;
  bool holds = false;
};

TEST(Policy, ConditionsTable) {
  PolicyQuestion question = get_object();
  question.facts = {{"aws:sourceip", {"10.77.0.2"}},
                    {"aws:currenttime", {"2024-06-01T00:00:00Z"}},
                    {"aws:securetransport", {"false"}},
                    {"aws:principalarn", {"arn:aws:iam::000000000000:role/SageMakerRole"}},
                    {"s3:prefix", {"train/"}},
                    {"s3:max-keys", {"100"}}};
  const ConditionCase cases[] = {
      {R"({"StringEquals":{"s3:prefix":"train/"}})", true},
      {R"({"StringEquals":{"s3:prefix":["test/","train/"]}})", true},
      {R"({"StringNotEquals":{"s3:prefix":"train/"}})", false},
      {R"({"StringEqualsIgnoreCase":{"S3:Prefix":"TRAIN/"}})", true},
      {R"({"StringLike":{"s3:prefix":"tr*n?"}})", true},
      {R"({"StringNotLike":{"s3:prefix":"tr*"}})", false},
      {R"({"NumericLessThanEquals":{"s3:max-keys":"100"}})", true},
      {R"({"NumericLessThan":{"s3:max-keys":100}})", false},
      {R"({"DateLessThan":{"aws:CurrentTime":"2024-07-01T00:00:00Z"}})", true},
      {R"({"DateGreaterThan":{"aws:CurrentTime":"2024-07-01T00:00:00Z"}})", false},
      {R"({"Bool":{"aws:SecureTransport":true}})", false},
      {R"({"Bool":{"aws:SecureTransport":"false"}})", true},
      {R"({"IpAddress":{"aws:SourceIp":"10.77.0.0/16"}})", true},
      {R"({"IpAddress":{"aws:SourceIp":["10.78.0.0/15","::1/128"]}})", false},
      {R"({"NotIpAddress":{"aws:SourceIp":"10.77.0.0/30"}})", false},
      {R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/SageMaker*"}})", true},
      {R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:*"}})", false},
      {R"({"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::000000000000:role/SageMakerRole"}})",
       false},
      {R"({"Null":{"s3:delimiter":"true"}})", true},
      {R"({"Null":{"s3:prefix":"true"}})", false},
      {R"({"StringEquals":{"s3:delimiter":"/"}})", false},
      {R"({"StringEqualsIfExists":{"s3:delimiter":"/"}})", true},
      {R"({"StringNotEquals":{"s3:delimiter":"/"}})", true},
      {R"({"ForAnyValue:StringEquals":{"s3:prefix":["train/"]}})", true},
      {R"({"ForAllValues:StringLike":{"s3:delimiter":["x"]}})", true},
      {R"({"StringEquals":{"s3:prefix":"train/"},"Bool":{"aws:SecureTransport":"true"}})", false},
  };
  for (const ConditionCase& one : cases) {
    const std::string statement = R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)" +
                                  std::string(one.condition) + "}";
    EXPECT_EQ(decide(statement, question) == Decision::kAllowed, one.holds) << one.condition;
  }
}

TEST(Policy, WhatIsNotKnownIsRefused) {
  for (
      const char* statement : {
          R"({"Effect":"Maybe","Action":"*","Resource":"*"})",
          R"({"Effect":"Allow","Resource":"*"})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Colour":"red"})",
          R"({"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"})",
          R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*"})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Principal":{"Federated":"x"}})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIsNice":{"s3:prefix":"x"}}})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/x":"y"}}})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/64"}}})",
          R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericNotLessThan":{"s3:max-keys":"1"}}})",
          R"({"Effect":"Allow","Action":[{}],"Resource":"*"})",
          R"("Allow")",
      }) {
    EXPECT_FALSE(Policy::parse(policy_of(statement)).ok()) << statement;
  }
  EXPECT_FALSE(Policy::parse(R"({"Version":"2030-01-01","Statement":[]})").ok());
  EXPECT_FALSE(Policy::parse("{").ok());
}

TEST(Policy, DefaultOfJobsReachesDataLogsAndMetricsOnly) {
  Result<Policy> policy = Policy::parse(default_job_policy());
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  const auto may = [&](std::string action) {
    PolicyQuestion question = get_object();
    question.action = std::move(action);
    return policy->evaluate(question) == Decision::kAllowed;
  };
  for (const char* action : {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "logs:GetLogEvents",
                             "cloudwatch:GetMetricStatistics"}) {
    EXPECT_TRUE(may(action)) << action;
  }
  for (const char* action :
       {"iam:GetRole", "sagemaker:CreateTrainingJob", "s3:CreateBucket", "s3:DeleteBucket",
        "s3:PutBucketPolicy", "sagemaker:StopTrainingJob", "logs:CreateLogGroup"}) {
    EXPECT_FALSE(may(action)) << action;
  }
}

TEST(Policy, Wildcards) {
  EXPECT_TRUE(wildcard_match("*", ""));
  EXPECT_TRUE(wildcard_match("a*b*c", "aXXbYYc"));
  EXPECT_FALSE(wildcard_match("a*b*c", "aXXbYY"));
  EXPECT_TRUE(wildcard_match("?b", "ab"));
  EXPECT_FALSE(wildcard_match("?", ""));
  EXPECT_FALSE(wildcard_match(std::string(50, '*') + "b", std::string(5000, 'a')));
  std::uint64_t left = 8;
  EXPECT_TRUE(wildcard_match("a*c", "abbc", Wildcards::kRun, left));
  EXPECT_EQ(left, 3U) << "a, the *, b and b, and c";
}

}  // namespace
}  // namespace clary::domain
