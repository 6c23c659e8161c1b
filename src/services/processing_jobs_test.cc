#include "services/processing_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_job_store.h"
#include "services/job_rules.h"

namespace clary::services {
namespace {

using domain::JobEventKind;
using domain::JobKind;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class ProcessingJobsTest : public testing::Test {
 protected:
  // What SDK v2 sends for a ScriptProcessor.
  static api::CreateProcessingJobRequest request(const std::string& name = "job") {
    const auto document = parse_json(R"json({"ProcessingJobName": ")json" + name + R"json(",
      "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}},
      "AppSpecification": {"ImageUri": "sagemaker-scikit-learn:1.2-1-cpu-py3",
        "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/p.py"], "ContainerArguments": ["--a", "1"]},
      "RoleArn": "arn:aws:iam::123456789012:role/R", "Environment": {"A": "b"},
      "NetworkConfig": {"EnableNetworkIsolation": true},
      "ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": "s3://b/p.py", "S3DataType": "S3Prefix",
        "LocalPath": "/opt/ml/processing/input/code/"}}],
      "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/o",
        "LocalPath": "/opt/ml/processing/o", "S3UploadMode": "Continuous"}}]},
      "Tags": [{"Key": "k", "Value": "v"}]})json");
    api::CreateProcessingJobRequest made;
    decode(document.value(), made);
    return made;
  }
  std::string create(const api::CreateProcessingJobRequest& wanted) {
    clock_.advance(seconds(1));
    auto reply = service_.create(wanted, context_);
    return reply.ok() ? "" : reply.error().code + ": " + reply.error().message;
  }
  domain::Job find(const std::string& name = "job") {
    return jobs_.find(JobKind::kProcessing, JobName(name)).value();
  }
  void happen(domain::JobInput input) {
    clock_.advance(seconds(10));
    ASSERT_TRUE(changes_.apply(find().key(), input).ok());
  }
  api::DescribeProcessingJobResponse describe() {
    return service_.describe({.processing_job_name = "job"}, context_).value();
  }

  ManualClock clock_;
  CountingIds ids_;
  domain::FakeJobStore jobs_;
  runtime::Failpoints failpoints_;
  runtime::JobChanges changes_{jobs_, clock_, failpoints_};
  domain::FakeIdentityStore identities_;
  ProcessingJobs service_{
      {.jobs = jobs_, .changes = changes_, .identities = identities_, .ids = ids_}};
  CallContext context_{.account = AccountId("123456789012"), .region = Region("eu-west-1")};
};

TEST_F(ProcessingJobsTest, KeepsWhatWasAskedFor) {
  ASSERT_EQ(create(request()), "");
  const domain::JobSpec spec = find().spec;
  EXPECT_THAT(spec.command.entry_point,
              ElementsAre("python3", "/opt/ml/processing/input/code/p.py"));
  EXPECT_THAT(spec.command.arguments, ElementsAre("--a", "1"));
  EXPECT_EQ(spec.channels.at(0).path, "/opt/ml/processing/input/code");
  EXPECT_TRUE(spec.outputs.at(0).continuous);
  EXPECT_TRUE(spec.network_isolation);
  EXPECT_EQ(spec.max_runtime_seconds, 86'400);
  EXPECT_EQ(find().arn.value(), "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/job");
  EXPECT_EQ(jobs_.tags(find().arn).value().size(), 1U);
}

TEST_F(ProcessingJobsTest, DescribesItsLife) {
  ASSERT_EQ(create(request()), "");
  EXPECT_EQ(describe().processing_job_status, "InProgress");
  EXPECT_EQ(describe().processing_start_time, std::nullopt);
  EXPECT_EQ(describe().processing_inputs->at(0).s3_input->s3_input_mode, "File");
  EXPECT_EQ(describe().stopping_condition->max_runtime_in_seconds, 86'400);
  happen({.kind = JobEventKind::kScriptStarted});
  happen({.kind = JobEventKind::kHostFailed, .message = "AlgorithmError", .exit_message = "row 7"});
  const auto ended = describe();
  EXPECT_EQ(ended.processing_job_status, "Failed");
  EXPECT_EQ(ended.failure_reason, "AlgorithmError");
  EXPECT_EQ(ended.exit_message, "row 7");
  EXPECT_EQ(*ended.processing_end_time - *ended.processing_start_time, seconds(10));
  const std::string timeline = to_json(job_timeline(jobs_, find().key()).value());
  EXPECT_THAT(timeline, HasSubstr(R"("status":"Processing")"));
  EXPECT_THAT(timeline, HasSubstr("Processing job failed"));
}

TEST_F(ProcessingJobsTest, NamesAreUniqueAmongItsKindOnly) {
  ASSERT_EQ(create(request()), "");
  EXPECT_THAT(create(request()), HasSubstr("ResourceInUse: Processing job names must be unique"));
}

TEST_F(ProcessingJobsTest, PathsAreThoseOfOneInputOrOutput) {
  auto nested = request();
  nested.processing_inputs->push_back(nested.processing_inputs->at(0));
  nested.processing_inputs->at(1).input_name = "data";
  EXPECT_THAT(create(nested), HasSubstr("LocalPath must be unique"));
  nested.processing_inputs->at(1).s3_input->local_path = "/opt/ml/processing/input";
  EXPECT_EQ(create(nested), "") << "one may hold another";
  for (const char* wrong :
       {"", "/", "/opt/ml/processing", "/opt/ml/processing/", "opt/ml/processing/x",
        "/opt/ml/processing/a/../b", "/opt/ml/processing//b", "/opt/ml/model"}) {
    nested.processing_inputs->at(1).s3_input->local_path = wrong;
    EXPECT_THAT(create(nested), HasSubstr("LocalPath of the input \"data\"")) << wrong;
  }
}

TEST(JobRules, AnArnNamesAJob) {
  EXPECT_EQ(key_of("arn:aws:sagemaker:r:1:processing-job/x"),
            (domain::JobKey{.kind = JobKind::kProcessing, .name = JobName("x")}));
  EXPECT_EQ(key_of("training-job/x"), (domain::JobKey{.name = JobName("x")}));
  EXPECT_EQ(key_of("arn:aws:sagemaker:r:1:model/x"), std::nullopt);
  EXPECT_EQ(key_of("x"), std::nullopt);
}

}  // namespace
}  // namespace clary::services
