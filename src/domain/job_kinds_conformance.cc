// Jobs of other kinds than training. Linked with the rest of the suite, which uses example().
#include <array>

#include "domain/job_store_conformance.h"

namespace clary::domain {
namespace {

using std::chrono::seconds;

const TimePoint kStart{seconds(1'700'000'000)};

}  // namespace

Job JobStoreConformance::example(const std::string& name) {
  Job job;
  job.name = JobName(name);
  job.arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:training-job/" + name);
  job.request = R"({"HyperParameters":{"b":"\"é\"","a":"1"}})";
  job.spec.image = "image:1";
  job.spec.role = "role";
  job.spec.hyperparameters = {{"b", "\"é\""}, {"a", "1"}};
  job.spec.environment = {{"E", "x=y"}};
  job.spec.channels = {{.name = "train", .uri = "s3://b/p", .content_type = "text/csv"},
                       {.name = "test", .uri = "s3://b/q", .path = "/opt/ml/x"}};
  job.spec.metrics = {{.name = "loss", .pattern = "loss=(.*)"}};
  job.spec.output_uri = "s3://b/out";
  job.spec.instance_type = "ml.m5.large";
  job.spec.instance_count = 2;
  job.spec.max_runtime_seconds = 77;
  job.spec.network_isolation = true;
  job.spec.command = {.entry_point = {"python3", "-u"}, .arguments = {"--a", "", "ü"}};
  job.spec.outputs = {{.name = "out", .uri = "s3://b/o", .path = "/opt/ml/p", .continuous = true}};
  job.gang = GangId("gang-" + name);
  job.model_uri = "s3://b/out/" + name + "/output/model.tar.gz";
  job.output_uri = "s3://b/out/" + name + "/output";
  return job;
}

TEST_P(JobStoreConformance, KeepsWhichPartOfAnEndpointAServingJobIs) {
  Job serving = example("s");
  serving.kind = JobKind::kServing;
  serving.spec.place = ServingPlace{.endpoint = EndpointName("Endpoint"),
                                    .endpoint_id = "0123abcd",
                                    .generation = 3,
                                    .variant = "AllTraffic",
                                    .instance = 2,
                                    .container = 1};
  serving.spec.model = {.hostname = "second",
                        .image = "image:2",
                        .form = ModelDataForm::kObject,
                        .model_uri = "s3://b/m.pt",
                        .many_models = true,
                        .environment = {{"B", "1"}, {"A", ""}}};
  ASSERT_TRUE(jobs().create(begin(serving, kStart), {}).ok());
  create("j");
  stores_->reopen();
  const Job found = jobs().find(JobKind::kServing, JobName("s")).value();
  EXPECT_EQ(found.kind, JobKind::kServing);
  EXPECT_TRUE(found.spec.place == serving.spec.place);
  EXPECT_TRUE(found.spec.model == serving.spec.model);
  EXPECT_FALSE(find("j").spec.place.has_value());
  EXPECT_EQ(jobs().find_by_gang(serving.gang).value().kind, JobKind::kServing);
}

TEST_P(JobStoreConformance, KeepsWhatATransformJobDoes) {
  Job job = example("t");
  job.kind = JobKind::kTransform;
  job.spec.transform = {.input_uri = "s3://b/in",
                        .data_type = "ManifestFile",
                        .content_type = "text/csv",
                        .compression = "Gzip",
                        .split = "Line",
                        .accept = "text/csv",
                        .assemble = "Line",
                        .strategy = "SingleRecord",
                        .max_concurrent = 3,
                        .max_payload_mb = 0,
                        .timeout_seconds = 7,
                        .max_retries = 1,
                        .input_filter = "$[1:]",
                        .output_filter = "$[-1]",
                        .join_input = true};
  job.spec.model = {.image = "image:1", .form = ModelDataForm::kArchive, .model_uri = "s3://b/m"};
  ASSERT_TRUE(jobs().create(begin(job, kStart), {}).ok());
  create("j");
  stores_->reopen();
  const Job found = jobs().find(JobKind::kTransform, JobName("t")).value();
  EXPECT_TRUE(found.spec.transform == job.spec.transform);
  EXPECT_TRUE(found.spec.model == job.spec.model);
  EXPECT_FALSE(found.spec.place.has_value());
  EXPECT_FALSE(find("j").spec.transform.has_value());
  EXPECT_EQ(names({.kind = JobKind::kTransform}), "t");
  const std::map<Phase, std::uint64_t> both = {{Phase::kPending, 2}};
  EXPECT_EQ(jobs().count_by_phase(kShownKinds).value(), both);
}

TEST_P(JobStoreConformance, ServingJobsShowWhereNoKindOrTheirsIsNamed) {
  Job serving = example("s");
  serving.kind = JobKind::kServing;
  ASSERT_TRUE(jobs().create(begin(serving, kStart), {}).ok());
  create("t", seconds(1));
  EXPECT_EQ(names({.kind = JobKind::kTraining}), "t");
  EXPECT_EQ(names({.kind = JobKind::kProcessing}), "");
  EXPECT_EQ(names({.kind = JobKind::kServing}), "s");
  EXPECT_EQ(names({.phases = {Phase::kPending}}), "s t") << "who looks at all that lives";
  const std::map<Phase, std::uint64_t> one = {{Phase::kPending, 1}};
  EXPECT_EQ(jobs().count_by_phase(kShownKinds).value(), one);
  const std::array serving_only = {JobKind::kServing};
  EXPECT_EQ(jobs().count_by_phase(serving_only).value(), one);
}

}  // namespace clary::domain
