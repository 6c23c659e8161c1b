#include "wire/validator.h"

#include <gtest/gtest.h>

#include <functional>

#include "api/objects.h"
#include "api/services.h"
#include "api/tags.h"
#include "api/training_jobs.h"
#include "base/json.h"
#include "wire/pattern.h"

namespace clary::wire {
namespace {

// The smallest request that is right, with members replaced or added.
Document job_request(std::initializer_list<std::pair<std::string_view, Document>> changes = {}) {
  Document request = *parse_json(R"({
    "TrainingJobName": "job-1",
    "AlgorithmSpecification": {"TrainingImage": "img:1", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::123456789012:role/R",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60}})");
  for (const auto& [name, value] : changes) request.set(name, value);
  return request;
}

Verdict check(const Document& request) {
  const Validator validator;
  return validator.check(api::CreateTrainingJob::operation(), request);
}

TEST(Validator, AcceptsWhatIsRight) {
  const Verdict verdict = check(job_request());
  EXPECT_TRUE(verdict.accepted()) << verdict.message();
  EXPECT_TRUE(verdict.inert.empty());
}

TEST(Validator, CollectsEveryViolationInAwsWords) {
  const Verdict verdict = check(job_request({{"TrainingJobName", "a_b"}, {"RoleArn", Document()}}));
  EXPECT_EQ(verdict.message(),
            "2 validation errors detected: Value 'a_b' at 'trainingJobName' failed to satisfy "
            "constraint: Member must satisfy regular "
            "expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; Value null at 'roleArn' failed "
            "to satisfy constraint: Member must not "
            "be null");
}

TEST(Validator, NamesNestedMembersAsAwsDoes) {
  const Verdict verdict = check(job_request({
      {"ResourceConfig", *parse_json(R"({"InstanceType":"ml.m5.large","InstanceCount":-1})")},
      {"InputDataConfig",
       *parse_json(
           R"([{"DataSource":{"S3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://b/p"}}}])")},
  }));
  EXPECT_EQ(verdict.message(),
            "2 validation errors detected: Value null at 'inputDataConfig.1.member.channelName' "
            "failed to satisfy constraint: Member must "
            "not be null; Value '-1' at 'resourceConfig.instanceCount' failed to satisfy "
            "constraint: Member must have value greater than "
            "or equal to 0");
}

TEST(Validator, MapsAndListsOfText) {
  const Verdict map = check(job_request({{"Environment", Document::object({{"1bad", "x"}})}}));
  ASSERT_EQ(map.violations.size(), 1U);
  EXPECT_EQ(map.violations[0],
            "Value '{1bad=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must have length "
            "less than or equal to 512, Member must have length greater than or equal to 0, Member "
            "must satisfy regular expression "
            "pattern: [a-zA-Z_][a-zA-Z0-9_]*]");
  const Validator validator;
  const Verdict list = validator.check(
      api::DeleteTags::operation(),
      *parse_json(
          R"({"ResourceArn":"arn:aws:sagemaker:us-east-1:123456789012:training-job/x","TagKeys":[""]})"));
  ASSERT_EQ(list.violations.size(), 1U) << list.message();
  EXPECT_TRUE(
      list.violations[0].starts_with("Value '[]' at 'tagKeys' failed to satisfy constraint: Member "
                                     "must satisfy constraint: [Member must have"))
      << list.violations[0];
}

TEST(Validator, EnumerationsAndLengths) {
  Document channel = *parse_json(
      R"([{"ChannelName":"train","DataSource":{"S3DataSource":{"S3DataType":"AugmentedManifestFile","S3Uri":"s3://b/p"}}}])");
  channel.as_array()->front().set("ContentType", std::string(300, 'x'));
  const Verdict verdict = check(job_request({{"InputDataConfig", channel}}));
  // S3DataType is refused, which comes after what is wrong; the content type is too long.
  ASSERT_EQ(verdict.violations.size(), 1U) << verdict.message();
  EXPECT_TRUE(verdict.violations[0].ends_with(
      "'inputDataConfig.1.member.contentType' failed to satisfy constraint: Member must have "
      "length less than or equal to 256"));
}

TEST(Validator, RefusesByNameWhatIsNotCarriedOut) {
  EXPECT_EQ(check(job_request({{"EnableManagedSpotTraining", true}})).message(),
            "Clary does not run managed spot training yet: leave out EnableManagedSpotTraining.");
  EXPECT_TRUE(check(job_request({{"EnableManagedSpotTraining", false}})).accepted());
  const auto with_mode = [](const char* mode) {
    return check(job_request(
                     {{"AlgorithmSpecification", Document::object({{"TrainingImage", "img:1"},
                                                                   {"TrainingInputMode", mode}})}}))
        .message();
  };
  EXPECT_TRUE(with_mode("Pipe").starts_with("Clary does not stream inputs yet"));
  EXPECT_TRUE(with_mode("Blob").starts_with(
      "1 validation error detected: Value 'Blob' at 'algorithmSpecification.trainingInputMode' "
      "failed to satisfy constraint: Member must satisfy enum value set: ["))
      << with_mode("Blob");
  EXPECT_TRUE(check(job_request({{"DebugRuleConfigurations", Document::array()}})).accepted());
  EXPECT_FALSE(
      check(job_request({{"MlflowConfig", Document::object({{"MlflowResourceArn", "arn"}})}}))
          .accepted());
}

TEST(Validator, OneSentenceIsSaidOnce) {
  const Validator validator;
  const Verdict verdict = validator.check(
      api::PutObject::operation(), Document::object({{"Bucket", "b"},
                                                     {"Key", "k"},
                                                     {"SSECustomerAlgorithm", "AES256"},
                                                     {"SSECustomerKey", std::string(32, 'k')},
                                                     {"SSECustomerKeyMD5", "m"}}));
  EXPECT_EQ(verdict.message(),
            "Clary does not encrypt objects with your key: leave out SSECustomerAlgorithm, "
            "SSECustomerKey and SSECustomerKeyMD5.");
}

TEST(Validator, NotesWhatIsInert) {
  const Verdict verdict = check(job_request(
      {{"VpcConfig", *parse_json(R"({"SecurityGroupIds":["sg-1"],"Subnets":["subnet-1"]})")}}));
  EXPECT_TRUE(verdict.accepted()) << verdict.message();
  ASSERT_EQ(verdict.inert.size(), 1U);
  EXPECT_EQ(verdict.inert[0].path, "VpcConfig");
}

TEST(Validator, MembersNobodyKnowsAreNamed) {
  EXPECT_EQ(check(job_request({{"TrainingJobNames", "x"}})).message(),
            "Clary does not know the member TrainingJobNames of CreateTrainingJob (did you mean "
            "TrainingJobName?).");
}

TEST(Validator, HostileRequestsAreAnsweredInShort) {
  Document request = job_request();
  for (int i = 0; i < 5000; ++i) request.as_object()->push_back({"x" + std::to_string(i), 1});
  EXPECT_EQ(check(request).unknowns.size(), 8U);
  Document::Object map;
  for (int i = 0; i < 5000; ++i) map.push_back({"1bad" + std::to_string(i), std::string(600, 'v')});
  const Verdict verdict = check(job_request({{"Environment", map}}));
  EXPECT_EQ(verdict.violations.size(), 1U);
  EXPECT_LT(verdict.message().size(), 2000U);
}

TEST(Validator, WrongKinds) {
  EXPECT_EQ(check(job_request({{"TrainingJobName", 7}})).message(),
            "TrainingJobName must be text.");
  EXPECT_EQ(check(Document("text")).message(),
            "The body of CreateTrainingJob must be a structure.");
  EXPECT_EQ(
      check(job_request({{"StoppingCondition", Document::object({{"MaxRuntimeInSeconds", 1.5}})}}))
          .message(),
      "StoppingCondition.MaxRuntimeInSeconds must be a 32-bit integer.");
}

// What the SDK v2 sends unasked for a PyTorch estimator (contract 4.1).
TEST(Validator, TheStockSdkIsNeverRefused) {
  const Document request = *parse_json(R"json({
    "TrainingJobName": "pytorch-training-2026-11-21-00-10-05-735",
    "AlgorithmSpecification": {
      "TrainingInputMode": "File", "EnableSageMakerMetricsTimeSeries": true,
      "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.8.1-gpu-py3",
      "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
    "OutputDataConfig": {"S3OutputPath": "s3://sagemaker-us-east-1-123456789012/"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.p3.2xlarge"},
    "RoleArn": "arn:aws:iam::123456789012:role/R",
    "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": {
      "S3DataType": "S3Prefix", "S3Uri": "s3://b/data", "S3DataDistributionType": "FullyReplicated"}}}],
    "HyperParameters": {"epochs": "10", "s": "\"a b\"", "sagemaker_program": "\"train.py\""},
    "DebugHookConfig": {"S3OutputPath": "s3://b/", "CollectionConfigurations": []},
    "ProfilerConfig": {"S3OutputPath": "s3://b/", "DisableProfiler": false}})json");
  const Verdict verdict = check(request);
  EXPECT_TRUE(verdict.accepted()) << verdict.message();
  EXPECT_EQ(verdict.inert.size(), 4U);
  api::CreateTrainingJob::Request typed;
  decode(request, typed);
  EXPECT_EQ(encode(typed).find("HyperParameters")->as_object()->at(0).name, "epochs");
  EXPECT_EQ(typed.hyper_parameters->at(1).second, "\"a b\"");
}

// Every shape of every service, for checks that hold for all.
void each_shape(const Shape& shape, const std::function<void(const Shape&)>& look) {
  look(shape);
  for (const Member& member : shape.members) each_shape(*member.shape, look);
  if (shape.element != nullptr) each_shape(*shape.element, look);
  if (shape.key != nullptr) each_shape(*shape.key, look);
}

TEST(Tables, EveryPatternCompiles) {
  Patterns patterns;
  for (const Service* service : api::services()) {
    for (const Operation& operation : service->operations) {
      const auto look = [&](const Shape& shape) {
        EXPECT_TRUE(shape.pattern.empty() || patterns.compiles(shape.pattern)) << shape.name;
      };
      if (operation.input != nullptr) each_shape(*operation.input, look);
      if (operation.output != nullptr) each_shape(*operation.output, look);
    }
  }
}

TEST(Tables, OperationsAreSortedAndFound) {
  std::size_t count = 0;
  for (const Service* service : api::services()) {
    for (const Operation& operation : service->operations) {
      EXPECT_EQ(service->find(operation.name), &operation);
      ++count;
    }
    EXPECT_EQ(service->find("NoSuchOperation"), nullptr);
  }
  EXPECT_GT(count, 800U);
}

TEST(Patterns, RunawayMatchesEnd) {
  Patterns patterns;
  EXPECT_FALSE(patterns.matches("(a*)*b", std::string(5000, 'a')));
  EXPECT_TRUE(patterns.matches("[a-z]+", "abc"));
  EXPECT_FALSE(patterns.matches("[a-z]+", "abc "));
  EXPECT_FALSE(patterns.matches(".*", "a\nb"));
}

}  // namespace
}  // namespace clary::wire
