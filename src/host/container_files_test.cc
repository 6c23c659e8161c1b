#include "host/container_files.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace clary::host {
namespace {

hostlink::HostPlan plan() {
  hostlink::HostPlan plan;
  plan.job = JobName("demo-job-001");
  plan.job_arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/demo-job-001";
  plan.hosts = {"algo-1", "algo-2"};
  plan.instance_type = "ml.c5.xlarge";
  plan.instance_group = "group_a";
  plan.region = "us-east-1";
  plan.interpreter.python = "/env/bin/python3";
  plan.server_endpoint = "http://127.0.0.1:4580";
  plan.credentials = {.access_key = "ASIA1", .secret_key = "s", .session_token = "t"};
  plan.credentials_token = "token";
  plan.hyperparameters = {{"b", "[1, 2]"}, {"a", "\"x\""}};
  plan.channels = {{.name = "train", .content_type = "csv"}, {.name = "my-Valid"}};
  return plan;
}

TEST(AddressInside, IsAlwaysLoopback) {
  EXPECT_EQ(address_inside("http://127.0.0.1:4580"), "127.0.0.1:4580");
  EXPECT_EQ(address_inside("https://[::1]:4580/"), "[::1]:4580");
  EXPECT_EQ(address_inside("https://192.0.2.1:4580"), "127.0.0.1:4580");
  EXPECT_EQ(address_inside("https://[fd00::2]:4580"), "127.0.0.1:4580");
}

TEST(ContainerFiles, ASecureServerIsPlainOnTheJobsOwnSocketOnly) {
  hostlink::HostPlan secure = plan();
  secure.server_endpoint = "https://192.0.2.1:4580";
  secure.ca_file = "/data/tls/bundle.pem";
  const Variables own = process_environment(secure, {});
  EXPECT_EQ(own.at("AWS_ENDPOINT_URL"), "http://127.0.0.1:4580");
  EXPECT_EQ(own.at("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            "http://127.0.0.1:4580/_clary/credentials");
  EXPECT_FALSE(own.contains("AWS_CA_BUNDLE"));
  const Variables shared = process_environment(secure, {.credentials_address = false});
  EXPECT_EQ(shared.at("AWS_ENDPOINT_URL"), "https://192.0.2.1:4580");
  EXPECT_EQ(shared.at("AWS_CA_BUNDLE"), "/data/tls/bundle.pem");
}

// Source: training_env_oracle.md, section 1.
TEST(ContainerFiles, AreThoseOfTheContract) {
  EXPECT_EQ(to_json(hyperparameters_file(plan())), R"({"b":"[1, 2]","a":"\"x\""})");
  EXPECT_EQ(
      to_json(resource_config_file(plan())),
      R"({"current_host":"algo-1","current_instance_type":"ml.c5.xlarge","current_group_name":"group_a",)"
      R"("hosts":["algo-1","algo-2"],"instance_groups":[{"instance_group_name":"group_a",)"
      R"("instance_type":"ml.c5.xlarge","hosts":["algo-1","algo-2"]}],"network_interface_name":"eth0"})");
  EXPECT_EQ(
      to_json(input_data_config_file(plan())),
      R"({"train":{"TrainingInputMode":"File","S3DistributionType":"FullyReplicated",)"
      R"("RecordWrapperType":"None","ContentType":"csv"},"my-Valid":{"TrainingInputMode":"File",)"
      R"("S3DistributionType":"FullyReplicated","RecordWrapperType":"None"}})");
}

TEST(ProcessEnvironment, NamesTheServerAndTheCredentialsAddress) {
  const Variables made = process_environment(plan(), {});
  EXPECT_EQ(made.at("AWS_ENDPOINT_URL"), "http://127.0.0.1:4580");
  EXPECT_EQ(made.at("S3_ENDPOINT_URL"), "http://127.0.0.1:4580");
  EXPECT_EQ(made.at("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            "http://127.0.0.1:4580/_clary/credentials");
  EXPECT_EQ(made.at("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "token");
  EXPECT_EQ(made.at("TRAINING_JOB_NAME"), "demo-job-001");
  EXPECT_EQ(made.at("SAGEMAKER_METRICS_DIRECTORY"), "/opt/ml/output/metrics/sagemaker");
  EXPECT_TRUE(made.at("PATH").starts_with("/env/bin:"));
  EXPECT_FALSE(made.contains("AWS_SECRET_ACCESS_KEY"));
  EXPECT_FALSE(made.contains("SAGEMAKER_BASE_DIR"));
}

TEST(ProcessEnvironment, GivesKeysAsVariablesOnlyWhenAsked) {
  hostlink::HostPlan asked = plan();
  asked.credentials_as_variables = true;
  const Variables made = process_environment(asked, {});
  EXPECT_EQ(made.at("AWS_SECRET_ACCESS_KEY"), "s");
  EXPECT_FALSE(made.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
}

TEST(ProcessEnvironment, NamesNoServerThatCannotBeReached) {
  const Variables made = process_environment(plan(), {.server_reachable = false});
  EXPECT_FALSE(made.contains("AWS_ENDPOINT_URL"));
  EXPECT_FALSE(made.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
}

TEST(ProcessEnvironment, UsersVariablesWin) {
  hostlink::HostPlan asked = plan();
  asked.environment = {{"AWS_ENDPOINT_URL", "http://elsewhere"}, {"MINE", "1"}};
  const Variables made = process_environment(asked, {.base_folder = "/tmp/ml"});
  EXPECT_EQ(made.at("AWS_ENDPOINT_URL"), "http://elsewhere");
  EXPECT_EQ(made.at("MINE"), "1");
  EXPECT_EQ(made.at("SAGEMAKER_BASE_DIR"), "/tmp/ml");
}

}  // namespace
}  // namespace clary::host
