// Transform jobs on the runtime: their plans, what is found before anything is started, their logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/fake_runtime.h"
#include "runtime/serving_plan.h"

namespace clary::runtime {
namespace {

using domain::JobKind;
using domain::Phase;
using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::IsSupersetOf;
using testing::StartsWith;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class TransformTest : public RuntimeFixture {
 protected:
  TransformTest() {
    kind_ = JobKind::kTransform;
    put_object("models", "m/model.tar.gz");
    put_object("data", "in/a.csv");
    job_.kind = JobKind::kTransform;
    job_.name = JobName("t");
    job_.arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:transform-job/t");
    job_.gang = GangId("gang-transform");
    job_.output_uri = "s3://data/out";
    job_.spec.role = "arn:aws:iam::000000000000:role/R";
    job_.spec.instance_type = "ml.m5.large";
    job_.spec.output_uri = "s3://data/out";
    job_.spec.max_runtime_seconds = 0;
    job_.spec.model = {.image = "pytorch-inference:2.13-cpu-py311",
                       .form = domain::ModelDataForm::kArchive,
                       .model_uri = "s3://models/m/model.tar.gz",
                       .environment = {{"SAGEMAKER_PROGRAM", "inference.py"}, {"A", "model"}}};
    job_.spec.environment = {{"A", "job"}};
    job_.spec.transform = {
        .input_uri = "s3://data/in", .content_type = "text/csv", .split = "Line"};
  }
  void start() {
    ASSERT_TRUE(server_->changes.create(job_, {}, {}).ok());
    run();
  }
  // Why the job is refused before anything is started.
  std::string refusal() {
    start();
    EXPECT_EQ(phase(job_.name), Phase::kFailed);
    EXPECT_FALSE(cluster_.knows(job_.gang));
    return find(job_.name).failure_reason;
  }

  domain::Job job_;
};

TEST_F(TransformTest, RunsUntilItsHostSaysThatItIsDone) {
  start();
  for (const char* phase : {"downloading", "training"})
    ASSERT_TRUE(report_phase(job_.name, phase).ok());
  tick(std::chrono::days(30));
  EXPECT_EQ(phase(job_.name), Phase::kTraining) << "it has no limit";
  ASSERT_TRUE(report_end(job_.name, "completed").ok());
  tick(std::chrono::minutes(1));
  EXPECT_EQ(phase(job_.name), Phase::kCompleted);
  EXPECT_EQ(phases(job_.name), "Pending Starting Downloading Training Completed");
  std::vector<std::string> said;
  const std::vector<domain::JobEvent> events = jobs_.events(kind_, job_.name).value();
  for (const domain::JobEvent& event : events) said.push_back(event.message);
  EXPECT_THAT(said, IsSupersetOf({"Transform in progress", "Transform job completed"}));
  EXPECT_FALSE(has_folder(job_.name));
}

TEST_F(TransformTest, ThePlanNamesModelAndWork) {
  job_.spec.transform->strategy = "SingleRecord";
  job_.spec.transform->max_concurrent = 3;
  start();
  const hostlink::HostPlan made = plan(job_.name);
  EXPECT_EQ(made.kind, "transform");
  EXPECT_EQ(made.image, "pytorch-inference:2.13-cpu-py311");
  EXPECT_EQ(made.model.uri, "s3://models/m/model.tar.gz");
  EXPECT_EQ(made.output_uri, "s3://data/out");
  EXPECT_EQ(made.transform.input_uri, "s3://data/in");
  EXPECT_EQ(made.transform.content_type, "text/csv");
  EXPECT_EQ(made.transform.split, "Line");
  EXPECT_EQ(made.transform.max_concurrent, 3);
  EXPECT_EQ(made.max_runtime_seconds, 0);
  EXPECT_FALSE(made.serving_socket.empty());
  const Pairs told = {{"SAGEMAKER_BATCH", "true"},
                      {"SAGEMAKER_BATCH_STRATEGY", "SINGLE_RECORD"},
                      {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "3"},
                      {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "6"},
                      {"SAGEMAKER_MODEL_SERVER_TIMEOUT", "605"},
                      {"SAGEMAKER_PROGRAM", "inference.py"}};
  EXPECT_THAT(told, IsSubsetOf(made.environment));
  EXPECT_EQ(made.environment.back(), (Pairs::value_type{"A", "job"})) << "the last one counts";
}

TEST_F(TransformTest, OneHostDoesTheWorkOfAllInstances) {
  job_.spec.instance_type = "ml.m5.large";
  job_.spec.instance_count = 3;
  start();
  EXPECT_EQ(plan(job_.name).transform.instances, 3);
  EXPECT_TRUE(noticed(job_.name, "3 x ml.m5.large has 6 cores")) << "this machine has less";
  EXPECT_EQ(of_all_instances(job_, {.cores = 2, .memory_bytes = 5, .gpus = 1}),
            (compute::Resources{.cores = 6, .memory_bytes = 15, .gpus = 3}));
  job_.kind = JobKind::kServing;
  EXPECT_EQ(of_all_instances(job_, {.cores = 2}), (compute::Resources{.cores = 2}));
}

TEST_F(TransformTest, ItWaitsForAPlaceAsOtherJobsDo) {
  cluster_.limit({.cores = 2});
  kind_ = JobKind::kTraining;
  const JobName big = submit("big");  // the whole machine
  run();
  start();
  EXPECT_TRUE(cluster_.runs(find(big).gang));
  EXPECT_FALSE(cluster_.runs(job_.gang));
}

TEST_F(TransformTest, NoInputIsSaidBeforeAnythingIsStarted) {
  job_.spec.transform->input_uri = "s3://data/nothing";
  EXPECT_THAT(refusal(), StartsWith("ClientError: No S3 objects found under S3 URL "
                                    "\"s3://data/nothing\" given in input data source."));
}

TEST_F(TransformTest, ABucketThatIsNotThereIsSaid) {
  job_.spec.transform->input_uri = "s3://nowhere/in";
  EXPECT_THAT(refusal(), StartsWith("ClientError: No S3 objects found"));
}

TEST_F(TransformTest, AnOutputBucketThatIsNotThereIsSaid) {
  job_.spec.output_uri = "s3://nowhere/out";
  EXPECT_THAT(refusal(), HasSubstr("The bucket \"nowhere\" of S3OutputPath"));
}

TEST_F(TransformTest, ModelDataThatIsNotThereIsSaid) {
  job_.spec.model.model_uri = "s3://models/m/other.tar.gz";
  EXPECT_THAT(refusal(), StartsWith("ClientError: Could not find model data at s3://models/m/"));
}

TEST_F(TransformTest, ItsLogIsThatOfTransformJobs) {
  start();
  ASSERT_TRUE(report_phase(job_.name, "training").ok());
  ASSERT_TRUE(report_lines(job_.name, {"one"}).ok());
  EXPECT_THAT(lines(job_.name), testing::Contains("one"));
  const LogStream stream = log_stream_of(find(job_.name), "algo-1");
  EXPECT_THAT(stream.value(), StartsWith("t/algo-1-"));
  EXPECT_THAT(logs_.lines(LogGroup("/aws/sagemaker/TransformJobs"), stream),
              testing::Contains("one"));
}

}  // namespace
}  // namespace clary::runtime
