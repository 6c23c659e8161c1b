#include "services/training_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_job_store.h"
#include "services/job_rules.h"
#include "telemetry/fake_metric_store.h"

namespace clary::services {
namespace {

using domain::JobEventKind;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TrainingJobsTest : public testing::Test {
 protected:
  // What SDK v2 sends for a PyTorch estimator.
  static api::CreateTrainingJobRequest request(const std::string& name = "job") {
    const auto document = parse_json(R"json({
      "TrainingJobName": ")json" + name +
                                     R"json(",
      "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "pytorch-training:2.0-cpu-py310",
        "EnableSageMakerMetricsTimeSeries": true,
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
      "OutputDataConfig": {"S3OutputPath": "s3://bucket/out/"},
      "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
      "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.m5.xlarge"},
      "RoleArn": "arn:aws:iam::123456789012:role/R",
      "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
        "S3Uri": "s3://bucket/data", "S3DataDistributionType": "FullyReplicated"}}}],
      "HyperParameters": {"s": "\"a b\"", "epochs": "10", "n": "null", "sagemaker_program": "\"train.py\""},
      "Environment": {"A": "b"},
      "DebugHookConfig": {"S3OutputPath": "s3://bucket/", "CollectionConfigurations": []},
      "Tags": [{"Key": "k", "Value": "v"}]})json");
    api::CreateTrainingJobRequest made;
    decode(document.value(), made);
    return made;
  }

  std::string create(const api::CreateTrainingJobRequest& wanted) {
    clock_.advance(seconds(1));
    auto reply = service_.create(wanted, context_);
    return reply.ok() ? "" : reply.error().code + ": " + reply.error().message;
  }
  void created(const std::string& name) { ASSERT_EQ(create(request(name)), ""); }
  api::DescribeTrainingJobResponse describe(const std::string& name = "job") {
    auto reply = service_.describe({.training_job_name = name}, context_);
    EXPECT_TRUE(reply.ok()) << reply.error().message;
    return reply.ok() ? *reply : api::DescribeTrainingJobResponse{};
  }
  void happen(JobEventKind kind, const std::string& message = "", const std::string& name = "job") {
    clock_.advance(seconds(10));
    const auto changed =
        changes_.apply({.name = JobName(name)}, {.kind = kind, .message = message});
    ASSERT_TRUE(changed.ok()) << changed.error().message;
  }
  std::string stop(const std::string& name = "job") {
    auto reply = service_.stop({.training_job_name = name}, context_);
    return reply.ok() ? "" : reply.error().code + ": " + reply.error().message;
  }
  std::vector<std::string> list(const api::ListTrainingJobsRequest& wanted) {
    auto reply = service_.list(wanted, context_);
    EXPECT_TRUE(reply.ok());
    std::vector<std::string> names;
    for (const auto& summary : reply->training_job_summaries)
      names.push_back(summary.training_job_name);
    return names;
  }
  static std::vector<std::string> statuses(const api::DescribeTrainingJobResponse& reply) {
    std::vector<std::string> found;
    for (const auto& transition : *reply.secondary_status_transitions)
      found.push_back(transition.status);
    return found;
  }

  ManualClock clock_;
  CountingIds ids_;
  domain::FakeJobStore jobs_;
  telemetry::FakeMetricStore metrics_;
  runtime::Failpoints failpoints_;
  runtime::JobChanges changes_{jobs_, clock_, failpoints_};
  domain::FakeIdentityStore identities_;
  TrainingJobs service_{{.jobs = jobs_,
                         .changes = changes_,
                         .metrics = metrics_,
                         .identities = identities_,
                         .ids = ids_}};
  CallContext context_{.account = AccountId("000000000000"), .region = Region("eu-central-1")};
};

TEST_F(TrainingJobsTest, WhatWasAskedForIsGivenBackUnchanged) {
  created("job");
  const auto reply = describe();
  const auto asked = request();
  EXPECT_EQ(reply.hyper_parameters, asked.hyper_parameters) << "the order too";
  EXPECT_EQ(reply.algorithm_specification, asked.algorithm_specification);
  EXPECT_EQ(reply.role_arn, asked.role_arn);
  EXPECT_EQ(reply.resource_config, asked.resource_config);
  EXPECT_EQ(reply.debug_hook_config, asked.debug_hook_config);
  EXPECT_EQ(reply.environment, asked.environment);
  EXPECT_EQ(reply.stopping_condition.max_runtime_in_seconds, 3600);
  EXPECT_EQ(reply.training_job_arn, "arn:aws:sagemaker:eu-central-1:000000000000:training-job/job");
}

TEST_F(TrainingJobsTest, WhatClientsReadWithoutAskingIsThereFromTheStart) {
  created("job");
  const auto reply = describe();
  EXPECT_EQ(reply.model_artifacts.s3_model_artifacts, "s3://bucket/out/job/output/model.tar.gz");
  EXPECT_EQ(reply.output_data_config->kms_key_id, "");
  EXPECT_EQ(reply.resource_config->volume_size_in_gb, 30);
  EXPECT_EQ(reply.training_job_status, "InProgress");
  EXPECT_EQ(reply.secondary_status, "Starting");
  EXPECT_EQ(reply.creation_time, clock_.now());
  EXPECT_EQ(reply.last_modified_time, clock_.now());
  EXPECT_EQ(reply.enable_managed_spot_training, false);
  EXPECT_EQ((*reply.input_data_config)[0].compression_type, "None");
  EXPECT_FALSE(reply.training_start_time || reply.training_time_in_seconds || reply.failure_reason);
  EXPECT_FALSE(reply.final_metric_data_list.has_value());
}

TEST_F(TrainingJobsTest, AFinishedJobTellsItsWholeLife) {
  created("job");
  happen(JobEventKind::kSubmitted);
  happen(JobEventKind::kStagingBegan);
  happen(JobEventKind::kScriptStarted);
  happen(JobEventKind::kScriptEnded);
  happen(JobEventKind::kHostCompleted);
  const telemetry::SeriesId loss{.space = "/aws/sagemaker/TrainingJobs",
                                 .name = "loss",
                                 .dimensions = {{"TrainingJobName", "job"}}};
  ASSERT_TRUE(
      metrics_
          .append({{.series = loss, .samples = {{clock_.now(), 0.5}, {clock_.now(), 0.25}}}},
                  std::nullopt)
          .ok());
  const auto reply = describe();
  EXPECT_THAT(statuses(reply), ElementsAre("Starting", "Pending", "Downloading", "Training",
                                           "Uploading", "Completed"));
  const auto& transitions = *reply.secondary_status_transitions;
  EXPECT_EQ(transitions[0].status_message, "Starting the training job");
  EXPECT_EQ(transitions[2].end_time, transitions[3].start_time);
  EXPECT_EQ(transitions[5].status_message, "Training job completed");
  EXPECT_EQ(reply.training_job_status, "Completed");
  EXPECT_EQ(reply.training_time_in_seconds, 30);
  EXPECT_EQ(reply.billable_time_in_seconds, 30);
  EXPECT_EQ(reply.training_end_time, clock_.now());
  ASSERT_EQ(reply.final_metric_data_list->size(), 1U);
  EXPECT_EQ((*reply.final_metric_data_list)[0].metric_name, "loss");
  EXPECT_EQ((*reply.final_metric_data_list)[0].value, 0.25);
}

TEST_F(TrainingJobsTest, AMetricInSeveralUnitsIsToldOnceWithItsLatestValue) {
  created("job");
  telemetry::SeriesId loss{.space = "/aws/sagemaker/TrainingJobs",
                           .name = "loss",
                           .dimensions = {{"TrainingJobName", "job"}}};
  const auto put = [&](const char* unit, std::chrono::seconds after, double value) {
    loss.unit = unit;
    ASSERT_TRUE(
        metrics_
            .append({{.series = loss, .samples = {{clock_.now() + after, value}}}}, std::nullopt)
            .ok());
  };
  put("Count", std::chrono::seconds(1), 1);
  put("None", std::chrono::seconds(3), 3);
  put("Percent", std::chrono::seconds(2), 2);
  const auto reply = describe();
  ASSERT_EQ(reply.final_metric_data_list->size(), 1U);
  EXPECT_EQ((*reply.final_metric_data_list)[0].value, 3);
}

TEST_F(TrainingJobsTest, AShortJobTookASecond) {
  created("job");
  for (const auto kind : {JobEventKind::kStagingBegan, JobEventKind::kHostCompleted}) {
    ASSERT_TRUE(changes_.apply({.name = JobName("job")}, {.kind = kind}).ok());
  }
  EXPECT_EQ(describe().training_time_in_seconds, 1);
}

TEST_F(TrainingJobsTest, AFailureAndATimeLimitAreToldApart) {
  created("job");
  happen(JobEventKind::kHostFailed, "AlgorithmError: boom");
  EXPECT_EQ(describe().training_job_status, "Failed");
  EXPECT_EQ(describe().failure_reason, "AlgorithmError: boom");

  created("limited");
  happen(JobEventKind::kTimeLimit, "", "limited");
  EXPECT_EQ(describe("limited").training_job_status, "Stopping");
  happen(JobEventKind::kHostStopped, "", "limited");
  EXPECT_EQ(describe("limited").training_job_status, "Stopped");
  EXPECT_EQ(describe("limited").secondary_status, "MaxRuntimeExceeded");
  EXPECT_EQ(statuses(describe("limited")).back(), "MaxRuntimeExceeded");
}

TEST_F(TrainingJobsTest, ANameIsTakenOnce) {
  created("job");
  EXPECT_EQ(create(request()),
            "ResourceInUse: Training job names must be unique within an AWS account and region, "
            "and a training job with this name "
            "already exists (arn:aws:sagemaker:eu-central-1:000000000000:training-job/job)");
}

TEST_F(TrainingJobsTest, EveryRuleThatTheModelDoesNotStateNamesTheMember) {
  const auto refusal = [this](const std::function<void(api::CreateTrainingJobRequest&)>& change) {
    auto changed = request();
    change(changed);
    return create(changed);
  };
  EXPECT_THAT(refusal([](auto& r) { r.algorithm_specification.reset(); }),
              HasSubstr("'algorithmSpecification'"));
  EXPECT_THAT(refusal([](auto& r) { r.algorithm_specification->training_image.reset(); }),
              HasSubstr("training image"));
  EXPECT_THAT(refusal([](auto& r) { r.resource_config.reset(); }), HasSubstr("'resourceConfig'"));
  EXPECT_THAT(refusal([](auto& r) { r.resource_config->instance_type.reset(); }),
              HasSubstr("'resourceConfig.instanceType'"));
  EXPECT_THAT(refusal([](auto& r) { r.resource_config->instance_count = 0; }),
              HasSubstr("'resourceConfig.instanceCount'"));
  EXPECT_THAT(refusal([](auto& r) { r.resource_config->instance_count = 2; }),
              HasSubstr("ResourceConfig.InstanceCount must be 1"));
  EXPECT_THAT(refusal([](auto& r) { r.input_data_config->push_back((*r.input_data_config)[0]); }),
              HasSubstr("\"training\""));
  EXPECT_THAT(
      refusal([](auto& r) { (*r.input_data_config)[0].data_source.s3_data_source.reset(); }),
      HasSubstr("S3DataSource"));
  EXPECT_THAT(refusal([](auto& r) { r.output_data_config.s3_output_path = "https://bucket/x"; }),
              HasSubstr("S3OutputPath"));
  EXPECT_THAT(refusal([](auto& r) {
                (*r.algorithm_specification->metric_definitions)[0].regex = "loss=([0-9";
              }),
              HasSubstr("metric \"loss\""));
  EXPECT_THAT(
      refusal([](auto& r) { r.hyper_parameters->emplace_back("sagemaker_mpi_enabled", "true"); }),
      HasSubstr("sagemaker_mpi_enabled"));
  EXPECT_THAT(refusal([](auto& r) { r.tags->push_back({.key = "k", .value = "again"}); }),
              HasSubstr("\"k\""));
  EXPECT_THAT(refusal([](auto& r) { r.tags->push_back({.key = "aws:x", .value = ""}); }),
              HasSubstr("reserved"));
  EXPECT_TRUE(jobs_.list({}).value().jobs.empty());
}

TEST_F(TrainingJobsTest, ADayIsTheLimitWhereNoneIsGiven) {
  auto unlimited = request();
  unlimited.stopping_condition.reset();
  ASSERT_EQ(create(unlimited), "");
  EXPECT_EQ(describe().stopping_condition.max_runtime_in_seconds, 86400);
  EXPECT_FALSE(describe().stopping_condition.max_pending_time_in_seconds.has_value());
  api::CreateTrainingJobRequest impatient = request("impatient");
  impatient.stopping_condition->max_pending_time_in_seconds = 7200;
  ASSERT_EQ(create(impatient), "");
  EXPECT_EQ(
      jobs_.find(domain::JobKind::kTraining, JobName("impatient")).value().spec.max_pending_seconds,
      7200);
  EXPECT_EQ(describe("impatient").stopping_condition.max_pending_time_in_seconds, 7200);
  EXPECT_EQ(jobs_.find(domain::JobKind::kTraining, JobName("job")).value().spec.max_runtime_seconds,
            86400);
}

TEST_F(TrainingJobsTest, WhatHasNoMeaningHereIsALineOfTheTimeline) {
  context_.inert = {
      {.path = "ResourceConfig.VolumeSizeInGB", .reason = "a job uses the disk of the machine"}};
  created("job");
  const std::string timeline = to_json(job_timeline(jobs_, {.name = JobName("job")}).value());
  EXPECT_THAT(
      timeline,
      HasSubstr("ResourceConfig.VolumeSizeInGB has no effect: a job uses the disk of the machine"));
  EXPECT_THAT(timeline, HasSubstr("\"status\":\"Starting\""));
  EXPECT_THAT(statuses(describe()), ElementsAre("Starting")) << "it is no transition";
}

TEST_F(TrainingJobsTest, AnAbsentJobIsSaidInTheWordsOfTheService) {
  auto reply = service_.describe({.training_job_name = "nobody"}, context_);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, "ValidationException");
  EXPECT_EQ(reply.error().message, "Requested resource not found.");
  EXPECT_EQ(stop("nobody"), "ValidationException: Requested resource not found.");
}

TEST_F(TrainingJobsTest, AStopIsTakenUntilTheJobHasEnded) {
  created("job");
  EXPECT_EQ(stop(), "");
  EXPECT_EQ(describe().training_job_status, "Stopping");
  EXPECT_EQ(stop(), "") << "again is fine";
  happen(JobEventKind::kHostStopped);
  EXPECT_EQ(stop(),
            "ValidationException: The request was rejected because the training job is in status "
            "Stopped.");
}

TEST_F(TrainingJobsTest, ListsByEveryFilterAndOrder) {
  for (const char* name : {"b", "a", "cc"}) created(name);
  happen(JobEventKind::kHostCompleted, "", "a");
  happen(JobEventKind::kTimeLimit, "", "cc");
  EXPECT_THAT(list({}), ElementsAre("b", "a", "cc"));
  EXPECT_THAT(list({.sort_order = "Descending"}), ElementsAre("cc", "a", "b"));
  EXPECT_THAT(list({.sort_by = "Name"}), ElementsAre("a", "b", "cc"));
  EXPECT_THAT(list({.sort_by = "Status"}), ElementsAre("a", "b", "cc"));
  EXPECT_THAT(list({.status_equals = "InProgress"}), ElementsAre("b"));
  EXPECT_THAT(list({.status_equals = "Stopping"}), ElementsAre("cc"));
  EXPECT_THAT(list({.status_equals = "Failed"}), IsEmpty());
  EXPECT_THAT(list({.status_equals = "Deleting"}), IsEmpty());
  EXPECT_THAT(list({.name_contains = "c"}), ElementsAre("cc"));
  EXPECT_THAT(list({.creation_time_after = describe("b").creation_time}), ElementsAre("a", "cc"));
  EXPECT_THAT(list({.last_modified_time_after = describe("a").last_modified_time}),
              ElementsAre("cc"));
}

TEST_F(TrainingJobsTest, ListsTenAPageUnlessAsked) {
  for (int i = 0; i < 12; ++i) created("j" + std::to_string(10 + i));
  auto first = service_.list({}, context_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->training_job_summaries.size(), 10U);
  EXPECT_THAT(list({.next_token = first->next_token}), ElementsAre("j20", "j21"));
  auto wrong = service_.list({.next_token = "made up"}, context_);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, "ValidationException");
}

}  // namespace
}  // namespace clary::services
