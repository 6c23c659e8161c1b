// The operations on models, endpoint configurations and endpoints over stores in memory, and
// requests as SDK v2 sends them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "domain/fake_endpoint_store.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_job_store.h"
#include "hosting/fake_endpoint_changes.h"
#include "hosting/fake_endpoint_sights.h"
#include "services/endpoint_configs.h"
#include "services/endpoints.h"
#include "services/models.h"

namespace clary::services {

template <typename T>
T from_json(const std::string& text) {
  T made;
  decode(parse_json(text).value(), made);
  return made;
}

// "" or "Code: message".
template <typename T>
std::string said(const Outcome<T>& outcome) {
  return outcome.ok() ? "" : outcome.error().code + ": " + outcome.error().message;
}

class ServingTest : public testing::Test {
 protected:
  static std::string container(const std::string& more = "") {
    return R"({"Image": "pytorch-inference:2.0-cpu-py310", "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
               "ModelDataUrl": "s3://bucket/model.tar.gz")" +
           more + "}";
  }
  static api::CreateModelInput model_request(const std::string& name = "Model") {
    return from_json<api::CreateModelInput>(
        R"({"ModelName": ")" + name +
        R"(", "ExecutionRoleArn": "arn:aws:iam::000000000000:role/R", "PrimaryContainer": )" +
        container() +
        R"(, "EnableNetworkIsolation": false, "Tags": [{"Key": "k", "Value": "v"}]})");
  }
  static api::CreateEndpointConfigInput config_request(const std::string& name = "Config",
                                                       const std::string& variants = "") {
    return from_json<api::CreateEndpointConfigInput>(
        R"({"EndpointConfigName": ")" + name + R"(", "ProductionVariants": [)" +
        (variants.empty() ? variant("AllTraffic") : variants) + "]}");
  }
  static std::string variant(const std::string& name, int instances = 1, double weight = 1) {
    return R"({"VariantName": ")" + name +
           R"(", "ModelName": "Model", "InstanceType": "ml.m5.large", "InitialInstanceCount": )" +
           std::to_string(instances) + R"(, "InitialVariantWeight": )" + std::to_string(weight) +
           "}";
  }
  void made(const std::string& endpoint = "Endpoint") {
    ASSERT_EQ(said(models_.create(model_request(), context_)), "");
    ASSERT_EQ(said(configs_.create(config_request(), context_)), "");
    ASSERT_EQ(said(create_endpoint(endpoint)), "");
  }
  Outcome<api::CreateEndpointOutput> create_endpoint(const std::string& name = "Endpoint",
                                                     const std::string& config = "Config") {
    return endpoints_.create({.endpoint_name = name, .endpoint_config_name = config}, context_);
  }
  Outcome<api::DescribeEndpointOutput> describe(const std::string& name = "Endpoint") {
    return endpoints_.describe({.endpoint_name = name}, context_);
  }
  domain::Endpoint record(const std::string& name = "Endpoint") {
    return store_.find_endpoint(EndpointName(name)).value();
  }
  // As the keeper does when everything is ready, or has failed.
  void in_service(const std::string& name = "Endpoint") {
    domain::Endpoint endpoint = record(name);
    if (endpoint.next) endpoint.serving = std::move(endpoint.next);
    endpoint.next.reset();
    endpoint.status = domain::EndpointStatus::kInService;
    ASSERT_TRUE(store_.commit_endpoint(endpoint).ok());
  }
  void failed(const std::string& name = "Endpoint") {
    domain::Endpoint endpoint = record(name);
    endpoint.status = domain::EndpointStatus::kFailed;
    endpoint.failure_reason = "ValueError: no";
    ASSERT_TRUE(store_.commit_endpoint(endpoint).ok());
  }
  std::vector<domain::Tag> tags(const std::string& resource) {
    return jobs_.tags(Arn("arn:aws:sagemaker:eu-west-1:000000000000:" + resource)).value();
  }

  CountingIds ids_;
  domain::FakeEndpointStore store_;
  domain::FakeJobStore jobs_;
  domain::FakeIdentityStore identities_;
  hosting::FakeEndpointChanges changes_;
  hosting::FakeEndpointSights sights_;
  Models models_{{.store = store_, .jobs = jobs_, .identities = identities_}};
  EndpointConfigs configs_{{.store = store_, .jobs = jobs_}};
  Endpoints endpoints_{
      {.store = store_, .jobs = jobs_, .changes = changes_, .sights = sights_, .ids = ids_}};
  CallContext context_{.account = AccountId("000000000000"),
                       .region = Region("eu-west-1"),
                       .now = TimePoint(std::chrono::seconds(1000))};
};

}  // namespace clary::services
