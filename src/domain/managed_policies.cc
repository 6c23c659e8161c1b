#include "domain/managed_policies.h"

#include <array>
#include <utility>

namespace clary::domain {
namespace {

// The S3 statements are AWS's: objects in buckets with "sagemaker" in their names only.
constexpr std::string_view kSageMakerFullAccess =
    R"({"Version":"2012-10-17","Statement":[)"
    R"({"Effect":"Allow","Action":["sagemaker:*","cloudwatch:GetMetricData","cloudwatch:GetMetricStatistics",)"
    R"("cloudwatch:ListMetrics","cloudwatch:PutMetricData","ecr:BatchCheckLayerAvailability","ecr:BatchGetImage",)"
    R"("ecr:DescribeRepositories","ecr:GetAuthorizationToken","ecr:GetDownloadUrlForLayer","ecr:ListImages",)"
    R"("iam:GetRole","iam:ListRoles","logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups",)"
    R"("logs:DescribeLogStreams","logs:FilterLogEvents","logs:GetLogEvents","logs:PutLogEvents",)"
    R"("s3:CreateBucket","s3:GetBucketLocation","s3:ListAllMyBuckets","s3:ListBucket",)"
    R"("ec2:CreateNetworkInterface","ec2:CreateNetworkInterfacePermission","ec2:DeleteNetworkInterface",)"
    R"("ec2:DeleteNetworkInterfacePermission","ec2:Describe*"],"Resource":"*"},)"
    R"({"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload"],)"
    R"("Resource":["arn:aws:s3:::*SageMaker*","arn:aws:s3:::*Sagemaker*","arn:aws:s3:::*sagemaker*"]},)"
    R"({"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/*",)"
    R"("Condition":{"StringEquals":{"iam:PassedToService":"sagemaker.amazonaws.com"}}}]})";

// The default role's is not narrowed to buckets of a name: nobody chose it.
constexpr std::string_view kDefaultRolePolicy =
    R"({"Version":"2012-10-17","Statement":[)"
    R"({"Effect":"Allow","Action":["sagemaker:*","s3:*","logs:*","cloudwatch:*","ecr:*","ec2:*","iam:GetRole",)"
    R"("iam:ListRoles","iam:SimulatePrincipalPolicy","iam:PassRole","kms:*"],"Resource":"*"}]})";

template <std::size_t N>
consteval auto entries(const std::pair<std::string_view, std::string_view> (&list)[N]) {
  return std::to_array(list);
}

constexpr auto kPolicies = entries({
    {kDefaultRolePolicyArn, kSageMakerFullAccess},
    {"arn:aws:iam::aws:policy/AdministratorAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/PowerUserAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["iam:ListRoles"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/IAMFullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/IAMReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*","iam:Simulate*"],)"
     R"("Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonS3FullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonSageMakerReadOnly",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sagemaker:Describe*","sagemaker:List*",)"
     R"("sagemaker:BatchGetMetrics"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/CloudWatchLogsFullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:Describe*","logs:Get*","logs:List*",)"
     R"("logs:FilterLogEvents"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/CloudWatchFullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:*","logs:*"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:Describe*","ecr:Get*","ecr:List*",)"
     R"("ecr:BatchGetImage"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]})"},
});

}  // namespace

std::optional<std::string_view> managed_policy(std::string_view arn) {
  for (const auto& [known, text] : kPolicies) {
    if (known == arn) return text;
  }
  return std::nullopt;
}

std::vector<std::string_view> managed_policy_arns() {
  std::vector<std::string_view> arns;
  for (const auto& [arn, text] : kPolicies) arns.push_back(arn);
  return arns;
}

std::string_view default_role_policy() { return kDefaultRolePolicy; }

}  // namespace clary::domain
