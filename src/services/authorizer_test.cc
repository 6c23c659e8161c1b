#include "services/authorizer.h"

#include <gtest/gtest.h>

#include "api/application_autoscaling_service.h"
#include "api/ecr_service.h"
#include "api/logs_service.h"
#include "api/s3_service.h"
#include "api/sagemaker_runtime_service.h"
#include "api/sagemaker_service.h"
#include "api/sts_service.h"
#include "base/json.h"
#include "domain/fake_identity_store.h"

namespace clary::services {
namespace {

// "action resource, ...", of an operation.
std::string needs(const char* operation, const char* request,
                  const wire::Service& service = api::s3_service()) {
  const CallContext context{.account = AccountId("000000000000"), .region = Region("us-east-1")};
  std::string out;
  for (const PolicyNeed& need :
       policy_needs(*service.find(operation), parse_json(request).value(), context)) {
    out.append(out.empty() ? "" : ", ").append(need.action).append(" ").append(need.resource);
  }
  return out;
}

TEST(PolicyNeeds, S3OperationsHaveTheActionsOfAws) {
  const char* object = R"({"Bucket": "b", "Key": "k"})";
  const char* version = R"({"Bucket": "b", "Key": "k", "VersionId": "v"})";
  EXPECT_EQ(needs("GetObject", object), "s3:GetObject arn:aws:s3:::b/k");
  EXPECT_EQ(needs("HeadObject", version), "s3:GetObjectVersion arn:aws:s3:::b/k");
  EXPECT_EQ(needs("DeleteObject", version), "s3:DeleteObjectVersion arn:aws:s3:::b/k");
  EXPECT_EQ(needs("ListParts", object), "s3:ListMultipartUploadParts arn:aws:s3:::b/k");
  EXPECT_EQ(needs("GetObjectTagging", version), "s3:GetObjectVersionTagging arn:aws:s3:::b/k");
  EXPECT_EQ(needs("GetObjectAttributes", object),
            "s3:GetObjectAttributes arn:aws:s3:::b/k, s3:GetObject arn:aws:s3:::b/k");
  EXPECT_EQ(needs("ListObjectVersions", R"({"Bucket": "b"})"),
            "s3:ListBucketVersions arn:aws:s3:::b");
  EXPECT_EQ(needs("ListMultipartUploads", R"({"Bucket": "b"})"),
            "s3:ListBucketMultipartUploads arn:aws:s3:::b");
}

TEST(PolicyNeeds, ALogGroupIsTheSameHoweverItIsNamed) {
  const std::string group = "arn:aws:logs:us-east-1:000000000000:log-group:";
  for (const char* request :
       {R"({"logGroupName": "secret"})", R"({"logGroupIdentifier": "secret"})",
        R"({"logGroupIdentifier": "arn:aws:logs:us-east-1:000000000000:log-group:secret:*"})"}) {
    EXPECT_EQ(needs("FilterLogEvents", request, api::logs_service()),
              "logs:FilterLogEvents " + group + "secret:log-stream:");
  }
  EXPECT_EQ(needs("FilterLogEvents",
                  R"({"logGroupIdentifier": "arn:aws:logs:eu-west-1:1:log-group:secret"})",
                  api::logs_service()),
            "logs:FilterLogEvents arn:aws:logs:eu-west-1:1:log-group:secret:log-stream:");
  EXPECT_EQ(needs("DescribeLogGroups", "{}", api::logs_service()),
            "logs:DescribeLogGroups " + group + ":log-stream:");
}

TEST(PolicyNeeds, EndpointsAndWhatTheyAreMadeOfHaveArnsInLowerCase) {
  const std::string prefix = "arn:aws:sagemaker:us-east-1:000000000000:";
  const auto& sagemaker = api::sagemaker_service();
  EXPECT_EQ(needs("DeleteModel", R"({"ModelName": "M"})", sagemaker),
            "sagemaker:DeleteModel " + prefix + "model/m");
  EXPECT_EQ(needs("DescribeEndpointConfig", R"({"EndpointConfigName": "C"})", sagemaker),
            "sagemaker:DescribeEndpointConfig " + prefix + "endpoint-config/c");
  EXPECT_EQ(
      needs("UpdateEndpoint", R"({"EndpointName": "E", "EndpointConfigName": "C"})", sagemaker),
      "sagemaker:UpdateEndpoint " + prefix + "endpoint/e, sagemaker:UpdateEndpoint " + prefix +
          "endpoint-config/c");
  EXPECT_EQ(needs("ListTags", R"({"ResourceArn": "arn:aws:sagemaker:x:1:endpoint/E"})", sagemaker),
            "sagemaker:ListTags " + prefix + "endpoint/e");
  EXPECT_EQ(needs("InvokeEndpoint", R"({"EndpointName": "E"})", api::sagemaker_runtime_service()),
            "sagemaker:InvokeEndpoint " + prefix + "endpoint/e");
}

TEST(Authorize, ACallOfAnEndpointIsDecidedByItsArnAndModel) {
  domain::FakeIdentityStore identities;
  domain::AccessKey key{.id = AccessKeyId("K"),
                        .principal = "arn:aws:sts::000000000000:assumed-role/Unknown/s"};
  key.policy = R"({"Statement":{"Effect":"Allow","Action":"sagemaker:InvokeEndpoint","Resource":)"
               R"("arn:aws:sagemaker:us-east-1:000000000000:endpoint/mine","Condition":)"
               R"({"StringEquals":{"sagemaker:TargetModel":"a.tar.gz"}}}})";
  key.gang = GangId("g");
  net::RequestHead head;
  CallContext context{
      .account = AccountId("000000000000"), .region = Region("us-east-1"), .head = &head};
  context.principal = key.principal;
  const auto may = [&](const std::string& request) {
    return authorize(key, identities, *api::sagemaker_runtime_service().find("InvokeEndpoint"),
                     parse_json(request).value(), context, nullptr)
        .ok();
  };
  EXPECT_TRUE(may(R"({"EndpointName": "Mine", "TargetModel": "a.tar.gz"})"));
  EXPECT_FALSE(may(R"({"EndpointName": "mine", "TargetModel": "b.tar.gz"})"));
  EXPECT_FALSE(may(R"({"EndpointName": "yours", "TargetModel": "a.tar.gz"})"));
}

TEST(Authorize, AModelsRoleMustBePassed) {
  domain::FakeIdentityStore identities;
  domain::AccessKey key{.id = AccessKeyId("K"),
                        .principal = "arn:aws:sts::000000000000:assumed-role/Unknown/s"};
  key.gang = GangId("g");
  net::RequestHead head;
  CallContext context{.account = AccountId("000000000000"), .head = &head};
  context.principal = key.principal;
  const auto may_with = [&](const std::string& actions) {
    key.policy = R"({"Statement":{"Effect":"Allow","Action":)" + actions + R"(,"Resource":"*"}})";
    const auto request =
        parse_json(R"({"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::000000000000:role/R"})");
    return authorize(key, identities, *api::sagemaker_service().find("CreateModel"),
                     request.value(), context, nullptr)
        .ok();
  };
  EXPECT_FALSE(may_with(R"("sagemaker:CreateModel")"));
  EXPECT_TRUE(may_with(R"(["sagemaker:CreateModel", "iam:PassRole"])"));
}

TEST(PolicyNeeds, TagsOfALogGroupAreOfItsArn) {
  const std::string group = "arn:aws:logs:us-east-1:000000000000:log-group:g";
  EXPECT_EQ(
      needs("TagResource", (R"({"resourceArn": ")" + group + R"(", "tags": {"a": "b"}})").c_str(),
            api::logs_service()),
      "logs:TagResource " + group);
  EXPECT_EQ(needs("ListTagsForResource", (R"({"resourceArn": ")" + group + R"(:*"})").c_str(),
                  api::logs_service()),
            "logs:ListTagsForResource " + group);
  EXPECT_EQ(needs("ListTagsForResource",
                  R"({"resourceArn": "arn:aws:logs:us-east-1:000000000000:destination:d"})",
                  api::logs_service()),
            "logs:ListTagsForResource arn:aws:logs:us-east-1:000000000000:destination:d");
  EXPECT_EQ(needs("ListTagsLogGroup", R"({"logGroupName": "g"})", api::logs_service()),
            "logs:ListTagsLogGroup " + group + ":log-stream:");
  EXPECT_EQ(needs("CreateLogGroup", R"({"logGroupName": "g"})", api::logs_service()),
            "logs:CreateLogGroup " + group + ":log-stream:");
  EXPECT_EQ(
      needs("CreateLogGroup", R"({"logGroupName": "g", "tags": {"a": "b"}})", api::logs_service()),
      "logs:CreateLogGroup " + group + ":log-stream:, logs:TagResource " + group);
}

TEST(PolicyNeeds, ALogGroupIsMadeWithTagsByWhoMayTagInEitherWay) {
  domain::FakeIdentityStore identities;
  const auto may = [&identities](const std::string& actions) {
    domain::AccessKey key{.id = AccessKeyId("K"),
                          .principal = "arn:aws:sts::000000000000:assumed-role/Unknown/s"};
    key.policy = R"({"Statement":{"Effect":"Allow","Action":)" + actions + R"(,"Resource":"*"}})";
    key.gang = GangId("g");
    net::RequestHead head;
    CallContext context{.account = AccountId("000000000000"), .head = &head};
    context.principal = key.principal;
    const auto request = parse_json(R"({"logGroupName": "g", "tags": {"a": "b"}})").value();
    return authorize(key, identities, *api::logs_service().find("CreateLogGroup"), request, context,
                     nullptr)
        .ok();
  };
  EXPECT_FALSE(may(R"("logs:CreateLogGroup")"));
  EXPECT_FALSE(may(R"("logs:TagResource")"));
  EXPECT_TRUE(may(R"(["logs:CreateLogGroup", "logs:TagResource"])"));
  EXPECT_TRUE(may(R"(["logs:CreateLogGroup", "logs:TagLogGroup"])"));
}

TEST(PolicyNeeds, AJobIsTheSameHoweverItsArnIsWritten) {
  for (const char* arn :
       {"arn:aws:sagemaker:us-east-1:000000000000:training-job/j",
        "arn:aws-cn:sagemaker:us-east-1:000000000000:training-job/j", "training-job/j"}) {
    EXPECT_EQ(needs("AddTags", (R"({"ResourceArn": ")" + std::string(arn) + R"("})").c_str(),
                    api::sagemaker_service()),
              "sagemaker:AddTags arn:aws:sagemaker:us-east-1:000000000000:training-job/j");
  }
}

TEST(PolicyNeeds, RepositoriesAreAskedOneByOne) {
  const auto of = [](const char* operation, const char* request) {
    return needs(operation, request, api::ecr_service());
  };
  const std::string arn = "arn:aws:ecr:us-east-1:000000000000:repository/";
  EXPECT_EQ(of("ListImages", R"({"repositoryName": "a/b"})"), "ecr:ListImages " + arn + "a/b");
  EXPECT_EQ(of("DescribeRepositories", R"({"repositoryNames": ["a", "b"]})"),
            "ecr:DescribeRepositories " + arn + "a, ecr:DescribeRepositories " + arn + "b");
  EXPECT_EQ(of("DescribeRepositories", "{}"), "ecr:DescribeRepositories " + arn + "*");
  EXPECT_EQ(of("GetAuthorizationToken", "{}"), "ecr:GetAuthorizationToken *");
}

TEST(PolicyNeeds, AScalableTargetHasAnArnOfItsOwn) {
  const auto of = [](const char* operation, const char* request) {
    return needs(operation, request, api::application_autoscaling_service());
  };
  const std::string put = of("PutScalingPolicy", R"({"ResourceId": "endpoint/e/variant/v"})");
  const std::string start =
      "application-autoscaling:PutScalingPolicy "
      "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/";
  EXPECT_EQ(put.substr(0, start.size()), start);
  EXPECT_EQ(put.size(), start.size() + 28);
  EXPECT_NE(of("PutScalingPolicy", R"({"ResourceId": "endpoint/f/variant/v"})"), put);
  EXPECT_EQ(of("DescribeScalingPolicies", R"({"ResourceId": "endpoint/e/variant/v"})"),
            "application-autoscaling:DescribeScalingPolicies *");
}

TEST(PolicyNeeds, ACopyReadsItsSource) {
  EXPECT_EQ(needs("CopyObject", R"({"Bucket": "b", "Key": "k", "CopySource": "/c/a%20b"})"),
            "s3:PutObject arn:aws:s3:::b/k, s3:GetObject arn:aws:s3:::c/a b");
  EXPECT_EQ(
      needs("UploadPartCopy", R"({"Bucket": "b", "Key": "k", "CopySource": "c/s?versionId=v"})"),
      "s3:PutObject arn:aws:s3:::b/k, s3:GetObjectVersion arn:aws:s3:::c/s");
}

TEST(PolicyNeeds, TagsAndBatchesAreAskedOneByOne) {
  EXPECT_EQ(needs("PutObject", R"({"Bucket": "b", "Key": "k", "Tagging": "a=1"})"),
            "s3:PutObject arn:aws:s3:::b/k, s3:PutObjectTagging arn:aws:s3:::b/k");
  EXPECT_EQ(needs("DeleteObjects", R"({"Bucket": "b", "Delete": {"Objects": [
                {"Key": "x"}, {"Key": "y", "VersionId": "v"}]}})"),
            "s3:DeleteObject arn:aws:s3:::b/x, s3:DeleteObjectVersion arn:aws:s3:::b/y");
}

TEST(Authorize, WhoHasNoPolicyMayAskForASessionToken) {
  domain::FakeIdentityStore identities;
  const domain::AccessKey key{.id = AccessKeyId("K"),
                              .principal = "arn:aws:iam::000000000000:user/ann"};
  net::RequestHead head;
  CallContext context{.account = AccountId("000000000000"), .head = &head};
  context.principal = key.principal;
  const auto may = [&](const char* operation) {
    return authorize(key, identities, *api::sts_service().find(operation), parse_json("{}").value(),
                     context, nullptr)
        .ok();
  };
  EXPECT_TRUE(may("GetSessionToken"));
  EXPECT_FALSE(may("AssumeRole"));
}

TEST(Authorize, ASessionIsNotOfARoleThatWasMadeLater) {
  domain::FakeIdentityStore identities;
  const auto kind = domain::IdentityKind::kRole;
  const TimePoint began{std::chrono::seconds(100)};
  const auto make_role = [&](TimePoint created) {
    EXPECT_TRUE(identities.create({.kind = kind, .name = "R", .created = created}).ok());
    EXPECT_TRUE(identities
                    .put_policy(kind, "R",
                                {.name = "own",
                                 .arn = "",
                                 .document = R"({"Statement":{"Effect":"Allow","Action":"*",)"
                                             R"("Resource":"*"}})"})
                    .ok());
  };
  domain::AccessKey key{.id = AccessKeyId("K"),
                        .principal = "arn:aws:sts::000000000000:assumed-role/R/s"};
  key.created = began;
  key.expires = began + std::chrono::hours(1);
  net::RequestHead head;
  CallContext context{.account = AccountId("000000000000"), .head = &head};
  context.principal = key.principal;
  const auto may = [&] {
    return authorize(key, identities, *api::s3_service().find("ListBuckets"),
                     parse_json("{}").value(), context, nullptr)
        .ok();
  };
  make_role(began);
  EXPECT_TRUE(may());
  ASSERT_TRUE(identities.remove_policy(kind, "R", "own").ok());
  ASSERT_TRUE(identities.remove(kind, "R").ok());
  make_role(began + std::chrono::seconds(1));
  EXPECT_FALSE(may());
}

TEST(Authorize, ASessionsPrincipalArnIsItsRoles) {
  domain::FakeIdentityStore identities;
  const auto kind = domain::IdentityKind::kRole;
  ASSERT_TRUE(identities.create({.kind = kind, .name = "R", .path = "/team/"}).ok());
  const auto may_with = [&](const std::string& arn) {
    const std::string policy =
        R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":)"
        R"({"ArnEquals":{"aws:PrincipalArn":")" +
        arn + R"("}}}})";
    EXPECT_TRUE(
        identities.put_policy(kind, "R", {.name = "own", .arn = "", .document = policy}).ok());
    const domain::AccessKey key{.id = AccessKeyId("K"),
                                .principal = "arn:aws:sts::000000000000:assumed-role/R/s"};
    net::RequestHead head;
    CallContext context{.account = AccountId("000000000000"), .head = &head};
    context.principal = key.principal;
    return authorize(key, identities, *api::s3_service().find("ListBuckets"),
                     parse_json("{}").value(), context, nullptr)
        .ok();
  };
  EXPECT_TRUE(may_with("arn:aws:iam::000000000000:role/team/R"));
  EXPECT_FALSE(may_with("arn:aws:sts::000000000000:assumed-role/R/s"));
}

TEST(PolicyNeeds, ABatchIsRefusedEntryByEntry) {
  domain::FakeIdentityStore identities;
  const domain::AccessKey key{.id = AccessKeyId("K"),
                              .principal = "arn:aws:sts::000000000000:assumed-role/Unknown/s",
                              .policy =
                                  R"({"Statement":{"Effect":"Allow","Action":"s3:DeleteObject",)"
                                  R"("Resource":"arn:aws:s3:::b/mine/*"}})",
                              .gang = GangId("g")};
  net::RequestHead head;
  CallContext context{.account = AccountId("000000000000"), .head = &head};
  context.principal = key.principal;
  const auto ask = [&](const char* operation, const char* request) {
    return authorize(key, identities, *api::s3_service().find(operation),
                     parse_json(request).value(), context, nullptr);
  };
  auto refused = ask("DeleteObjects", R"({"Bucket": "b", "Delete": {"Objects": [
      {"Key": "mine/x"}, {"Key": "yours/y"}, {"Key": "mine/z"}]}})");
  ASSERT_TRUE(refused.ok());
  ASSERT_EQ(refused->size(), 1U);
  EXPECT_NE(refused->at(1).find("s3:DeleteObject on resource: arn:aws:s3:::b/yours/y"),
            std::string::npos);
  EXPECT_FALSE(ask("DeleteObject", R"({"Bucket": "b", "Key": "yours/y"})").ok());
  EXPECT_FALSE(ask("DeleteObjects", R"({"Bucket": "b"})").ok());
}

}  // namespace
}  // namespace clary::services
