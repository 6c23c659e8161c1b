#include "services/transform_jobs.h"

#include "services/job_rules.h"
#include "services/serving_fixture.h"

namespace clary::services {
namespace {

using domain::JobEventKind;
using domain::JobKind;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class TransformJobsTest : public ServingTest {
 protected:
  void SetUp() override { ASSERT_EQ(said(models_.create(model_request(), context_)), ""); }
  // What SDK v2's Transformer sends, with these members in the place of its own.
  static api::CreateTransformJobRequest request(
      const std::map<std::string, std::string>& members = {}) {
    std::map<std::string, std::string> all = {
        {"TransformJobName", R"("job")"},
        {"ModelName", R"("Model")"},
        {"TransformInput", input()},
        {"TransformOutput", R"({"S3OutputPath": "s3://b/out"})"},
        {"TransformResources", R"({"InstanceType": "ml.m5.large", "InstanceCount": 1})"}};
    for (const auto& [name, value] : members) all[name] = value;
    std::string text;
    for (const auto& [name, value] : all)
      text.append(text.empty() ? "{" : ",").append("\"" + name + "\":" + value);
    return from_json<api::CreateTransformJobRequest>(text + "}");
  }
  static std::string input(const std::string& more = R"(, "ContentType": "text/csv")",
                           const std::string& uri = "s3://b/in") {
    return R"({"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": ")" + uri +
           R"("}})" + more + "}";
  }
  std::string create(const std::map<std::string, std::string>& members = {}) {
    clock_.advance(seconds(1));
    return said(service_.create(request(members), context_));
  }
  domain::Job find(const std::string& name = "job") {
    return jobs_.find(JobKind::kTransform, JobName(name)).value();
  }
  domain::Transform transform() { return *find().spec.transform; }
  void happen(domain::JobInput input) {
    clock_.advance(seconds(10));
    ASSERT_TRUE(job_changes_.apply(find().key(), input).ok());
  }
  api::DescribeTransformJobResponse describe() {
    return service_.describe({.transform_job_name = "job"}, context_).value();
  }

  ManualClock clock_;
  runtime::Failpoints failpoints_;
  runtime::JobChanges job_changes_{jobs_, clock_, failpoints_};
  TransformJobs service_{
      {.jobs = jobs_, .changes = job_changes_, .identities = identities_, .ids = ids_}, store_};
};

TEST_F(TransformJobsTest, KeepsWhatWasAskedFor) {
  ASSERT_EQ(
      create({{"BatchStrategy", R"("SingleRecord")"},
              {"MaxConcurrentTransforms", "4"},
              {"MaxPayloadInMB", "2"},
              {"ModelClientConfig",
               R"({"InvocationsTimeoutInSeconds": 7, "InvocationsMaxRetries": 0})"},
              {"Environment", R"({"A": "b"})"},
              {"TransformOutput", R"({"S3OutputPath": "s3://b/out", "Accept": "text/csv",
                                            "AssembleWith": "Line"})"},
              {"TransformInput", input(R"(, "ContentType": "text/csv", "SplitType": "Line",
                                                 "CompressionType": "Gzip")")},
              {"TransformResources", R"({"InstanceType": "ml.m5.large", "InstanceCount": 3})"},
              {"DataProcessing", R"({"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]",
                                           "JoinSource": "Input"})"},
              {"Tags", R"([{"Key": "k", "Value": "v"}])"}}),
      "");
  EXPECT_EQ(transform(), (domain::Transform{.input_uri = "s3://b/in",
                                            .content_type = "text/csv",
                                            .compression = "Gzip",
                                            .split = "Line",
                                            .accept = "text/csv",
                                            .assemble = "Line",
                                            .strategy = "SingleRecord",
                                            .max_concurrent = 4,
                                            .max_payload_mb = 2,
                                            .timeout_seconds = 7,
                                            .max_retries = 0,
                                            .input_filter = "$[1:]",
                                            .output_filter = "$[0,-1]",
                                            .join_input = true}));
  const domain::Job job = find();
  EXPECT_EQ(job.spec.instance_count, 3);
  EXPECT_EQ(job.spec.max_runtime_seconds, 0);
  EXPECT_EQ(job.spec.output_uri, "s3://b/out");
  EXPECT_EQ(job.spec.role, "arn:aws:iam::000000000000:role/R") << "the model's";
  EXPECT_EQ(job.spec.model.image, "pytorch-inference:2.0-cpu-py310");
  EXPECT_EQ(job.arn.value(), "arn:aws:sagemaker:eu-west-1:000000000000:transform-job/job");
  EXPECT_THAT(tags("transform-job/job"), ElementsAre(domain::Tag{"k", "v"}));
}

TEST_F(TransformJobsTest, WhatIsNotSaidIsAsAwsHasIt) {
  ASSERT_EQ(create({{"MaxConcurrentTransforms", "0"}}), "");
  EXPECT_EQ(transform(), (domain::Transform{.input_uri = "s3://b/in", .content_type = "text/csv"}));
  const auto reply = describe();
  EXPECT_EQ(reply.transform_input.split_type, "None");
  EXPECT_EQ(reply.transform_input.compression_type, "None");
  EXPECT_EQ(reply.transform_output->assemble_with, "None");
  EXPECT_EQ(reply.data_processing->input_filter, "$");
  EXPECT_EQ(reply.data_processing->join_source, "None");
  EXPECT_EQ(reply.batch_strategy, std::nullopt);
  EXPECT_EQ(reply.max_payload_in_mb, std::nullopt);
}

TEST_F(TransformJobsTest, DescribesItsLife) {
  ASSERT_EQ(create(), "");
  EXPECT_EQ(describe().transform_job_status, "InProgress");
  EXPECT_EQ(describe().transform_start_time, std::nullopt);
  EXPECT_EQ(describe().model_name, "Model");
  happen({.kind = JobEventKind::kStagingBegan});
  happen({.kind = JobEventKind::kScriptStarted});
  const std::string timeline = to_json(job_timeline(jobs_, find().key()).value());
  EXPECT_THAT(timeline, HasSubstr(R"("status":"Transforming")"));
  happen({.kind = JobEventKind::kHostFailed, .message = "ClientError: b/in/a: no"});
  const auto ended = describe();
  EXPECT_EQ(ended.transform_job_status, "Failed");
  EXPECT_EQ(ended.failure_reason, "ClientError: b/in/a: no");
  EXPECT_EQ(*ended.transform_end_time - *ended.transform_start_time, seconds(20));
}

TEST_F(TransformJobsTest, AModelThatIsNotThereIsSaid) {
  EXPECT_EQ(create({{"ModelName", R"("nosuch")"}}),
            "ValidationException: Could not find model "
            "\"arn:aws:sagemaker:eu-west-1:000000000000:model/nosuch\".");
  EXPECT_FALSE(jobs_.find(JobKind::kTransform, JobName("job")).ok());
}

TEST_F(TransformJobsTest, AJobOutlivesItsModel) {
  ASSERT_EQ(create(), "");
  ASSERT_EQ(said(models_.remove({.model_name = "Model"}, context_)), "");
  EXPECT_EQ(describe().model_name, "Model");
}

TEST_F(TransformJobsTest, PipelinesAndManyModelsAreRefused) {
  const std::string two = "[" + container() + "," + container() + "]";
  ASSERT_EQ(said(models_.create(from_json<api::CreateModelInput>(
                                    R"({"ModelName": "Two", "ExecutionRoleArn":
                                        "arn:aws:iam::000000000000:role/R", "Containers": )" +
                                    two + "}"),
                                context_)),
            "");
  EXPECT_THAT(create({{"ModelName", R"("Two")"}}), HasSubstr("inference pipelines"));
  ASSERT_EQ(said(models_.create(from_json<api::CreateModelInput>(
                                    R"({"ModelName": "Many", "ExecutionRoleArn":
                                        "arn:aws:iam::000000000000:role/R", "PrimaryContainer":
                                        {"Image": "i", "Mode": "MultiModel",
                                         "ModelDataUrl": "s3://bucket/models/"}})"),
                                context_)),
            "");
  EXPECT_THAT(create({{"ModelName", R"("Many")"}}), HasSubstr("Mode SingleModel"));
}

TEST_F(TransformJobsTest, LimitsAreAwss) {
  EXPECT_THAT(create({{"MaxPayloadInMB", "101"}}), HasSubstr("MaxPayloadInMB cannot be greater"));
  EXPECT_THAT(create({{"MaxPayloadInMB", "30"}, {"MaxConcurrentTransforms", "4"}}),
              HasSubstr("MaxConcurrentTransforms * MaxPayloadInMB cannot exceed 100 MB"));
  EXPECT_THAT(create({{"MaxConcurrentTransforms", "257"}}), HasSubstr("at most 256 requests"));
  EXPECT_THAT(
      create({{"TransformResources", R"({"InstanceType": "ml.m5.large", "InstanceCount": 101})"}}),
      HasSubstr("InstanceCount cannot be greater than 100"));
  EXPECT_THAT(create({{"TransformInput", input("", "in")}}), HasSubstr("S3Uri of TransformInput"));
  EXPECT_THAT(create({{"TransformOutput", R"({"S3OutputPath": "/out"})"}}),
              HasSubstr("S3OutputPath"));
  EXPECT_EQ(create({{"MaxPayloadInMB", "25"}, {"MaxConcurrentTransforms", "4"}}), "");
}

TEST_F(TransformJobsTest, WhatIsFilteredOrJoinedHasAForm) {
  const auto with = [&](const std::string& processing, const std::string& type,
                        const std::string& accept = "text/csv") {
    return create(
        {{"DataProcessing", processing},
         {"TransformInput", input(R"(, "ContentType": ")" + type + "\"")},
         {"TransformOutput", R"({"S3OutputPath": "s3://b/out", "Accept": ")" + accept + "\"}"}});
  };
  EXPECT_THAT(with(R"({"InputFilter": "$..x"})", "text/csv"),
              StartsWith("ValidationException: Invalid DataProcessing.InputFilter: JSONPath"));
  EXPECT_THAT(with(R"({"OutputFilter": "a"})", "text/csv"),
              StartsWith("ValidationException: Invalid DataProcessing.OutputFilter: JSONPath"));
  EXPECT_THAT(with(R"({"JoinSource": "Input"})", "image/png"),
              HasSubstr("DataProcessing needs a TransformInput.ContentType of text/csv"));
  EXPECT_THAT(with(R"({"JoinSource": "Input"})", "text/csv", "application/json"),
              HasSubstr("answers in the form of the input"));
  EXPECT_EQ(with(R"({"InputFilter": "$", "JoinSource": "None"})", "image/png"), "")
      << "nothing is changed";
}

TEST_F(TransformJobsTest, ListsAndStops) {
  ASSERT_EQ(create(), "");
  ASSERT_EQ(create({{"TransformJobName", R"("other")"}}), "");
  EXPECT_THAT(create(), HasSubstr("ResourceInUse: Transform job names must be unique"));
  const auto names = [&](const std::string& text) {
    std::vector<std::string> found;
    const auto page =
        service_.list(from_json<api::ListTransformJobsRequest>(text), context_).value();
    for (const auto& summary : page.transform_job_summaries)
      found.push_back(summary.transform_job_name + " " + summary.transform_job_status);
    return found;
  };
  EXPECT_THAT(names(R"({"SortBy": "Name", "SortOrder": "Ascending"})"),
              ElementsAre("job InProgress", "other InProgress"));
  EXPECT_THAT(names(R"({"NameContains": "oth"})"), ElementsAre("other InProgress"));
  ASSERT_EQ(said(service_.stop({.transform_job_name = "job"}, context_)), "");
  EXPECT_EQ(describe().transform_job_status, "Stopping");
  EXPECT_THAT(names(R"({"StatusEquals": "Stopping"})"), ElementsAre("job Stopping"));
  EXPECT_EQ(names(R"({"StatusEquals": "Completed"})").size(), 0U);
  EXPECT_THAT(said(service_.stop({.transform_job_name = "nosuch"}, context_)),
              HasSubstr("ValidationException: "));
  EXPECT_THAT(said(service_.describe({.transform_job_name = "nosuch"}, context_)),
              HasSubstr("ValidationException: "));
}

}  // namespace
}  // namespace clary::services
