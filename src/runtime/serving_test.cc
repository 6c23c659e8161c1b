// Serving jobs on the runtime: their plans, their places, their logs, and the socket of their model
// server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "hostlink/line_socket.h"
#include "runtime/fake_runtime.h"
#include "runtime/serving_plan.h"
#include "runtime/serving_socket.h"

namespace clary::runtime {
namespace {

using domain::JobKind;
using domain::ModelDataForm;
using domain::Phase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class ServingTest : public RuntimeFixture {
 protected:
  ServingTest() {
    kind_ = JobKind::kServing;
    put_object("models", "m/model.tar.gz");
    job_.kind = JobKind::kServing;
    job_.name = JobName("e-v-1-2");
    job_.arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:endpoint/e");
    job_.gang = GangId("gang-serving");
    job_.spec.role = "arn:aws:iam::000000000000:role/R";
    job_.spec.instance_type = "ml.m5.xlarge";
    job_.spec.place = {.endpoint = EndpointName("e"),
                       .endpoint_id = "0a1b2c3d",
                       .generation = 3,
                       .variant = "v",
                       .instance = 2};
    job_.spec.model = {.image = "pytorch-inference:2.13-cpu-py311",
                       .form = ModelDataForm::kArchive,
                       .model_uri = "s3://models/m/model.tar.gz",
                       .environment = {{"SAGEMAKER_PROGRAM", "inference.py"}}};
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

TEST_F(ServingTest, AJobRunsUntilItIsStopped) {
  start();
  for (const char* phase : {"downloading", "training"})
    ASSERT_TRUE(report_phase(job_.name, phase).ok());
  tick(std::chrono::days(30));
  EXPECT_EQ(phase(job_.name), Phase::kTraining) << "it has no end of its own";
  stop(job_.name);
  run();
  EXPECT_EQ(cluster_.stops(job_.gang), 1);
  ASSERT_TRUE(report_end(job_.name, "stopped").ok());
  tick(std::chrono::minutes(1));
  EXPECT_EQ(phases(job_.name), "Pending Starting Downloading Training Stopping Stopped");
  EXPECT_FALSE(has_folder(job_.name));
}

TEST_F(ServingTest, ThePlanNamesWhatIsServed) {
  start();
  const hostlink::HostPlan made = plan(job_.name);
  EXPECT_EQ(made.kind, "serving");
  EXPECT_EQ(made.image, "pytorch-inference:2.13-cpu-py311");
  EXPECT_EQ(made.framework_module, "");
  EXPECT_EQ(made.environment, (Pairs{{"SAGEMAKER_PROGRAM", "inference.py"}}));
  EXPECT_EQ(made.model.form, "archive");
  EXPECT_EQ(made.model.uri, "s3://models/m/model.tar.gz");
  EXPECT_FALSE(made.model.many);
  EXPECT_EQ(made.serving_socket, folder_ + "/gangs/gang-serving/algo-1/serve/serve.sock");
  EXPECT_EQ(made.max_runtime_seconds, 0);
  EXPECT_EQ(made.stop_grace_seconds, 30);
  EXPECT_EQ(made.cores, 2) << "of the instance, cut to the machine";
  EXPECT_EQ(made.memory_bytes, 4ULL << 30);
  EXPECT_FALSE(made.credentials.access_key.empty());
}

TEST(ServingPlan, AnAcceleratorIsNamedToTheHostAndToTheScript) {
  domain::Job job{.kind = JobKind::kServing};
  job.spec.accelerator_type = "ml.eia2.medium";
  hostlink::HostPlan plan;
  plan_serving(job, "/serve.sock", plan);
  EXPECT_EQ(plan.accelerator_type, "ml.eia2.medium");
  EXPECT_EQ(plan.environment, (Pairs{{"SAGEMAKER_INFERENCE_ACCELERATOR_PRESENT", "true"}}));
}

TEST(ServingPlan, AServerlessInstanceHasItsMemoryForEachCallThatACoreTakes) {
  constexpr std::uint64_t kGib = 1ULL << 30;
  const compute::Resources machine{.cores = 4, .memory_bytes = 8 * kGib, .gpus = 1};
  std::vector<std::string> notices;
  const auto granted = [&](int memory_mib, int calls, const compute::Resources& on) {
    return serverless_resources({.memory_mib = memory_mib, .max_concurrency = calls}, on, notices);
  };
  EXPECT_EQ(granted(2048, 2, machine), (compute::Resources{.cores = 2, .memory_bytes = 4 * kGib}));
  EXPECT_EQ(granted(1024, 20, machine), (compute::Resources{.cores = 4, .memory_bytes = 4 * kGib}));
  EXPECT_EQ(granted(6144, 20, machine), (compute::Resources{.cores = 1, .memory_bytes = 6 * kGib}));
  EXPECT_TRUE(notices.empty());
  const compute::Resources small{.cores = 2, .memory_bytes = 2 * kGib};
  EXPECT_EQ(granted(4096, 1, small), (compute::Resources{.cores = 1, .memory_bytes = 2 * kGib}));
  EXPECT_EQ(notices, std::vector<std::string>{
                         "MemorySizeInMB is 4096; this machine gives the instance 2048 MiB"});
}

TEST(ServingPlan, TheImageNamesTheDefaultFunctionsThatTheFilesDoNot) {
  const auto variables = [](const std::string& image, Pairs given) {
    domain::Job job{.kind = JobKind::kServing};
    job.spec.model = {.image = image, .environment = std::move(given)};
    hostlink::HostPlan plan;
    plan_serving(job, "/serve.sock", plan);
    return plan.environment;
  };
  const std::string sklearn = "sagemaker-scikit-learn:1.2-1-cpu-py3";
  EXPECT_EQ(variables(sklearn, {}), (Pairs{{"CLARY_SERVING_FRAMEWORK", "sklearn"}}));
  EXPECT_EQ(variables("sagemaker-xgboost:1.7-1", {}),
            (Pairs{{"CLARY_SERVING_FRAMEWORK", "xgboost"}}));
  EXPECT_EQ(variables("tensorflow-inference:2.14-cpu", {}),
            (Pairs{{"CLARY_SERVING_FRAMEWORK", "tensorflow"}}));
  EXPECT_EQ(variables("pytorch-inference:2.13-cpu-py311", {}), Pairs{});
  const Pairs named = {{"CLARY_SERVING_FRAMEWORK", "base"}};
  EXPECT_EQ(variables(sklearn, named), named);
}

TEST_F(ServingTest, ItTakesNoPlaceAndWaitsForNone) {
  cluster_.limit({.cores = 2});
  kind_ = JobKind::kTraining;
  const JobName big = submit("big");      // the whole machine
  const JobName waits = submit("waits");  // for it
  run();
  start();
  EXPECT_TRUE(cluster_.runs(job_.gang));
  EXPECT_TRUE(cluster_.runs(find(big).gang));
  EXPECT_FALSE(cluster_.runs(find(waits).gang));
  stop(big);
  ASSERT_TRUE(report_end(big, "stopped").ok());
  tick(std::chrono::minutes(1));
  EXPECT_TRUE(cluster_.runs(find(waits).gang)) << "beside the serving job";
}

TEST_F(ServingTest, ModelDataThatIsNotThereIsSaidBeforeAnythingIsStarted) {
  job_.spec.model.model_uri = "s3://models/m/other.tar.gz";
  EXPECT_EQ(refusal(),
            "ClientError: Could not find model data at s3://models/m/other.tar.gz: the bucket "
            "'models' has no object 'm/other.tar.gz'.");
}

TEST_F(ServingTest, ABucketThatIsNotThereIsSaid) {
  job_.spec.model.model_uri = "s3://nowhere/model.tar.gz";
  EXPECT_THAT(refusal(), HasSubstr("there is no bucket 'nowhere'"));
}

TEST_F(ServingTest, APrefixWithoutObjectsIsSaid) {
  job_.spec.model.form = ModelDataForm::kObjects;
  job_.spec.model.model_uri = "s3://models/mm";
  put_object("models", "mm-other/x");
  EXPECT_THAT(refusal(), HasSubstr("there is no object below this prefix"));
}

TEST_F(ServingTest, APrefixOfManyModelsMayBeEmpty) {
  job_.spec.model.many_models = true;
  job_.spec.model.model_uri = "s3://models/later/";
  start();
  EXPECT_EQ(phase(job_.name), Phase::kStarting);
  EXPECT_TRUE(plan(job_.name).model.many);
}

TEST_F(ServingTest, ManyModelsUnderNetworkIsolationAreRefused) {
  job_.spec.model.many_models = true;
  job_.spec.model.model_uri = "s3://models/later/";
  job_.spec.network_isolation = true;
  EXPECT_THAT(refusal(), HasSubstr("network isolation"));
}

TEST_F(ServingTest, WhatItsRoleMayNotReadIsRefused) {
  access_.secret = ObjectKey("m/model.tar.gz");
  EXPECT_THAT(refusal(), StartsWith("ClientError: Could not access model data at s3://models/m/"));
}

TEST_F(ServingTest, AnImageThatNoEnvironmentFitsIsRefused) {
  job_.spec.model.image = "unknown:1";
  EXPECT_THAT(refusal(), HasSubstr("clary environments create"));
}

TEST_F(ServingTest, InstanceTypesAreThoseOfOtherJobs) {
  job_.spec.instance_type = "ml.nosuch.large";
  EXPECT_THAT(refusal(), HasSubstr("ml.nosuch.large"));
}

TEST_F(ServingTest, AServerlessInstanceNamesNoType) {
  job_.spec.instance_type = "";
  job_.spec.serverless = domain::Serverless{.memory_mib = 1024, .max_concurrency = 1};
  start();
  EXPECT_GE(plan(job_.name).cores, 1);
}

TEST_F(ServingTest, ItsLogIsTheEndpoints) {
  start();
  ASSERT_TRUE(report_phase(job_.name, "training").ok());
  ASSERT_TRUE(report_lines(job_.name, {"one"}).ok());
  EXPECT_THAT(logs_.lines(LogGroup("/aws/sagemaker/Endpoints/e"), LogStream("v/0a1b2c3d-3-2")),
              ElementsAre("one"));
  domain::Job other = job_;
  other.spec.place->container = 1;
  EXPECT_EQ(log_stream_of(other, "algo-1"), LogStream("v/0a1b2c3d-3-2/container-2"));
  other.spec.model.hostname = "post";
  EXPECT_EQ(log_stream_of(other, "algo-1"), LogStream("v/0a1b2c3d-3-2/post"));
}

TEST_F(ServingTest, ItsUsageIsTheVariants) {
  start();
  ASSERT_TRUE(
      report(job_.name, hostlink::RecordKind::kUsage, Document::object({{"cpu_percent", 50.0}}))
          .ok());
  const auto samples =
      metrics_.samples({.space = "/aws/sagemaker/Endpoints",
                        .name = "CPUUtilization",
                        .dimensions = {{"EndpointName", "e"}, {"VariantName", "v"}},
                        .unit = "Percent"});
  ASSERT_TRUE(samples.ok());
  EXPECT_EQ(samples->size(), 1U);
}

TEST_F(ServingTest, ASocketAtALongPathIsReached) {
  const GangFolders folders(folder_ + "/" + std::string(150, 'd'));
  const std::string path = serving_socket_path(folders, GangId("g"));
  EXPECT_EQ(ServingSocket::open(path).error().code, ErrorCode::kNotFound) << "not there yet";
  ASSERT_TRUE(make_folders(folder_of(path)).ok());
  const Result<Fd> listening = hostlink::listen_at(path);
  ASSERT_TRUE(listening.ok()) << listening.error().message;
  const Result<ServingSocket> socket = ServingSocket::open(path);
  ASSERT_TRUE(socket.ok()) << socket.error().message;
  const std::string name = socket->address().substr(std::string("unix:").size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, name.data(), name.size());
  const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
}

TEST_F(ServingTest, WhatAJobPutsInTheSocketsPlaceLeadsNowhere) {
  const std::string other = folder_ + "/other.sock";
  const Result<Fd> listening = hostlink::listen_at(other);
  ASSERT_TRUE(listening.ok());
  const std::string path = serving_socket_path(GangFolders(folder_), GangId("g"));
  ASSERT_TRUE(make_folders(folder_of(path)).ok());
  ASSERT_EQ(::symlink(other.c_str(), path.c_str()), 0);
  EXPECT_EQ(ServingSocket::open(path).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace clary::runtime
