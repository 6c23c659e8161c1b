#include "services/endpoints.h"

#include <cstdint>
#include <set>

#include "services/serving_fixture.h"

namespace clary::services {
namespace {

using domain::EndpointStatus;
using testing::HasSubstr;

constexpr const char* kEndpointArn = "arn:aws:sagemaker:eu-west-1:000000000000:endpoint/endpoint";

class EndpointsTest : public ServingTest {
 protected:
  void serving_two_variants() {
    ASSERT_EQ(said(models_.create(model_request(), context_)), "");
    ASSERT_EQ(
        said(configs_.create(
            config_request("Config", variant("a", 1, 1) + "," + variant("b", 2, 3)), context_)),
        "");
    ASSERT_EQ(said(create_endpoint()), "");
    in_service();
  }
  void serverless() {
    ASSERT_EQ(said(models_.create(model_request(), context_)), "");
    ASSERT_EQ(said(configs_.create(
                  config_request("Config", R"({"VariantName": "AllTraffic", "ModelName": "Model",
                      "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}})"),
                  context_)),
              "");
    ASSERT_EQ(said(create_endpoint()), "");
    in_service();
  }
  std::string update(const api::UpdateEndpointInput& request) {
    return said(endpoints_.update(request, context_));
  }
  std::string update_to(const std::string& config) {
    return update({.endpoint_name = "Endpoint", .endpoint_config_name = config});
  }
  std::string scale(const std::string& json) {
    return said(endpoints_.update_weights(
        from_json<api::UpdateEndpointWeightsAndCapacitiesInput>(
            R"({"EndpointName": "Endpoint", "DesiredWeightsAndCapacities": [)" + json + "]}"),
        context_));
  }
  std::string remove() { return said(endpoints_.remove({.endpoint_name = "Endpoint"}, context_)); }
  std::vector<std::string> list(const api::ListEndpointsInput& request) {
    auto reply = endpoints_.list(request, context_);
    EXPECT_TRUE(reply.ok());
    std::vector<std::string> names;
    for (const auto& endpoint : reply->endpoints) names.push_back(endpoint.endpoint_name);
    return names;
  }
  static std::string in_progress() {
    return std::string("ValidationException: Cannot update in-progress endpoint \"") +
           kEndpointArn + "\".";
  }
};

TEST_F(EndpointsTest, ANewEndpointIsWrittenDownAndItsKeeperWoken) {
  made();
  EXPECT_EQ(changes_.wakes(), 1);
  const domain::Endpoint endpoint = record();
  EXPECT_EQ(endpoint.status, EndpointStatus::kCreating);
  EXPECT_EQ(endpoint.id.size(), 8U);
  EXPECT_EQ(endpoint.arn.value(), kEndpointArn);
  EXPECT_FALSE(endpoint.serving.has_value());
  ASSERT_TRUE(endpoint.next.has_value());
  EXPECT_EQ(endpoint.next->number, 1U);
  EXPECT_EQ(endpoint.next->config.value(), "Config");
  ASSERT_EQ(endpoint.next->variants.size(), 1U);
  EXPECT_EQ(endpoint.next->variants[0].asked.name, "AllTraffic");
  EXPECT_EQ(endpoint.next->variants[0].role, "arn:aws:iam::000000000000:role/R");
  EXPECT_EQ(endpoint.next->variants[0].containers.at(0).model_uri, "s3://bucket/model.tar.gz");
}

TEST_F(EndpointsTest, WhatClientsReadOfOneOnItsWay) {
  made();
  auto reply = describe();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->endpoint_status, "Creating");
  EXPECT_EQ(reply->endpoint_config_name, "Config");
  EXPECT_FALSE(reply->production_variants.has_value());
  ASSERT_TRUE(reply->pending_deployment_summary.has_value());
  const auto& pending = reply->pending_deployment_summary->production_variants->at(0);
  EXPECT_EQ(pending.desired_instance_count, 1);
  EXPECT_EQ(pending.current_instance_count, 0);
  EXPECT_EQ(pending.instance_type, "ml.m5.large");
}

TEST_F(EndpointsTest, WhatClientsReadOfOneInService) {
  made();
  in_service();
  auto reply = describe();
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->endpoint_status, "InService");
  EXPECT_EQ(reply->endpoint_arn, kEndpointArn);
  EXPECT_FALSE(reply->pending_deployment_summary || reply->failure_reason);
  const auto& variant = reply->production_variants->at(0);
  EXPECT_EQ(variant.variant_name, "AllTraffic");
  EXPECT_EQ(variant.current_instance_count, 1);
  EXPECT_EQ(variant.desired_weight, 1.0);
  EXPECT_EQ(variant.deployed_images->at(0).specified_image, "pytorch-inference:2.0-cpu-py310");
}

TEST_F(EndpointsTest, ItServesOnWithoutItsConfigurationAndModel) {
  made();
  in_service();
  EXPECT_EQ(said(configs_.remove({.endpoint_config_name = "Config"}, context_)), "");
  EXPECT_EQ(said(models_.remove({.model_name = "Model"}, context_)), "");
  EXPECT_EQ(describe()->endpoint_status, "InService");
  EXPECT_EQ(remove(), "");
}

TEST_F(EndpointsTest, ItsConfigurationAndModelsMustBeThere) {
  EXPECT_EQ(said(create_endpoint()),
            "ValidationException: Could not find endpoint configuration "
            "\"arn:aws:sagemaker:eu-west-1:000000000000:endpoint-config/config\".");
  ASSERT_EQ(said(models_.create(model_request(), context_)), "");
  ASSERT_EQ(said(configs_.create(config_request(), context_)), "");
  ASSERT_EQ(said(models_.remove({.model_name = "Model"}, context_)), "");
  EXPECT_EQ(said(create_endpoint()),
            "ValidationException: Could not find model "
            "\"arn:aws:sagemaker:eu-west-1:000000000000:model/model\".");
  EXPECT_EQ(changes_.wakes(), 0);
}

TEST_F(EndpointsTest, ANameIsTakenWhileThereIsOne) {
  made();
  EXPECT_EQ(said(create_endpoint("ENDPOINT")),
            std::string("ValidationException: Cannot create already existing endpoint \"") +
                kEndpointArn + "\".");
}

TEST_F(EndpointsTest, OneThatIsNotThereIsToldAsAwsDoes) {
  const std::string gone =
      std::string("ValidationException: Could not find endpoint \"") + kEndpointArn + "\".";
  EXPECT_EQ(said(describe()), gone);
  EXPECT_EQ(remove(), gone);
  EXPECT_EQ(update_to("Config"), gone);
  EXPECT_EQ(scale(R"({"VariantName": "a", "DesiredWeight": 1})"), gone);
}

TEST_F(EndpointsTest, OneInProgressIsNeitherUpdatedNorRemoved) {
  made();
  EXPECT_EQ(remove(), in_progress());
  EXPECT_EQ(update_to("Config"), in_progress());
  in_service();
  EXPECT_EQ(update_to("Config"), "");
  EXPECT_EQ(remove(), in_progress());
  EXPECT_EQ(scale(R"({"VariantName": "AllTraffic", "DesiredWeight": 1})"), in_progress());
  EXPECT_EQ(changes_.wakes(), 2);
}

TEST_F(EndpointsTest, AFailedOneCanOnlyBeRemoved) {
  made();
  failed();
  EXPECT_EQ(describe()->failure_reason, "ValueError: no");
  EXPECT_THAT(update_to("Config"), HasSubstr("it has failed"));
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(record().status, EndpointStatus::kDeleting);
}

TEST_F(EndpointsTest, ARemovalIsWrittenDownAndItsTagsGo) {
  made();
  ASSERT_TRUE(jobs_.add_tags(Arn(kEndpointArn), {{.key = "k", .value = "v"}}).ok());
  in_service();
  context_.now += std::chrono::seconds(5);
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(record().status, EndpointStatus::kDeleting);
  EXPECT_EQ(record().modified, context_.now);
  EXPECT_EQ(describe()->endpoint_status, "Deleting");
  EXPECT_TRUE(tags("endpoint/endpoint").empty());
  EXPECT_EQ(changes_.wakes(), 2);
  EXPECT_EQ(remove(), in_progress());
}

TEST_F(EndpointsTest, AnUpdateIsTheNextGeneration) {
  made();
  in_service();
  ASSERT_EQ(said(configs_.create(config_request("Other", variant("b", 3)), context_)), "");
  context_.now += std::chrono::seconds(5);
  EXPECT_EQ(update_to("Other"), "");
  const domain::Endpoint endpoint = record();
  EXPECT_EQ(endpoint.status, EndpointStatus::kUpdating);
  EXPECT_EQ(endpoint.serving->config.value(), "Config");
  EXPECT_EQ(endpoint.next->number, 2U);
  EXPECT_EQ(endpoint.next->variants.at(0).instances, 3);
  EXPECT_EQ(endpoint.next->begun, context_.now);
  EXPECT_EQ(describe()->endpoint_config_name, "Config") << "the one that serves";
  EXPECT_EQ(describe()->pending_deployment_summary->endpoint_config_name, "Other");
}

TEST_F(EndpointsTest, AnUpdateForgetsWhyTheLastOneFailed) {
  made();
  in_service();
  domain::Endpoint rolled_back = record();
  rolled_back.failure_reason = "the new model does not load";
  ASSERT_TRUE(store_.commit_endpoint(rolled_back).ok());
  EXPECT_EQ(describe()->failure_reason, "the new model does not load");
  EXPECT_EQ(update_to("Config"), "");
  EXPECT_FALSE(describe()->failure_reason.has_value());
}

TEST_F(EndpointsTest, AGenerationThatWasRolledBackLeavesItsNumberToNoOther) {
  made();
  in_service();
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(update_to("Config"), "");
    domain::Endpoint rolled_back = record();
    EXPECT_TRUE(numbers.insert(rolled_back.next->number).second) << rolled_back.next->number;
    EXPECT_GT(rolled_back.next->number, rolled_back.serving->number);
    rolled_back.next.reset();
    rolled_back.status = EndpointStatus::kInService;
    ASSERT_TRUE(store_.commit_endpoint(rolled_back).ok());
  }
}

TEST_F(EndpointsTest, WeightsAndCapacitiesOfWhatServesAreChanged) {
  serving_two_variants();
  EXPECT_EQ(scale(R"({"VariantName": "a", "DesiredInstanceCount": 4},
                     {"VariantName": "b", "DesiredWeight": 0.5})"),
            "");
  const domain::Endpoint endpoint = record();
  EXPECT_EQ(endpoint.status, EndpointStatus::kUpdating);
  EXPECT_FALSE(endpoint.next.has_value());
  EXPECT_EQ(endpoint.serving->variants.at(0).instances, 4);
  EXPECT_EQ(endpoint.serving->variants.at(0).weight, 1);
  EXPECT_EQ(endpoint.serving->variants.at(1).instances, 2);
  EXPECT_EQ(endpoint.serving->variants.at(1).weight, 0.5);
  EXPECT_EQ(changes_.wakes(), 2);
}

TEST_F(EndpointsTest, AShadowsShareIsChangedLikeAnyWeight) {
  serving_two_variants();
  domain::Endpoint shadowed = record();
  shadowed.serving->variants.at(1).shadow = true;
  ASSERT_TRUE(store_.commit_endpoint(shadowed).ok());
  EXPECT_EQ(scale(R"({"VariantName": "b", "DesiredWeight": 0.25})"), "");
  EXPECT_EQ(record().serving->variants.at(1).weight, 0.25);
}

TEST_F(EndpointsTest, WeightsOfWhatIsNotThereAreRefusedAndNothingChanges) {
  serving_two_variants();
  EXPECT_THAT(
      scale(
          R"({"VariantName": "a", "DesiredWeight": 9}, {"VariantName": "c", "DesiredWeight": 1})"),
      HasSubstr("Could not find variant \"c\""));
  EXPECT_THAT(scale(R"({"VariantName": "a", "DesiredInstanceCount": 0})"), HasSubstr("zero"));
  EXPECT_THAT(scale(R"({"VariantName": "a", "DesiredWeight": 1}, {"VariantName": "a"})"),
              HasSubstr("more than once"));
  EXPECT_EQ(record().serving->variants.at(0).weight, 1);
  EXPECT_EQ(record().status, EndpointStatus::kInService);
}

TEST_F(EndpointsTest, AServerlessVariantIsDescribedAsItIsNow) {
  serverless();
  auto cold = describe();
  ASSERT_TRUE(cold.ok());
  const auto& variant = cold->production_variants->at(0);
  EXPECT_EQ(variant.current_serverless_config->memory_size_in_mb, 2048);
  EXPECT_EQ(variant.current_serverless_config->max_concurrency, 5);
  EXPECT_FALSE(variant.current_serverless_config->provisioned_concurrency.has_value());
  EXPECT_EQ(variant.current_instance_count, 0);
  EXPECT_FALSE(variant.variant_status.has_value());
  sights_.seen = hosting::VariantSight{.instances = 0, .starting = true};
  EXPECT_EQ(describe()->production_variants->at(0).desired_instance_count, 1);
  EXPECT_THAT(*describe()->production_variants->at(0).variant_status->at(0).status_message,
              HasSubstr("Cold start"));
  sights_.seen = hosting::VariantSight{.instances = 1};
  EXPECT_EQ(describe()->production_variants->at(0).current_instance_count, 1);
}

TEST_F(EndpointsTest, AServerlessVariantIsScaledByItsConcurrency) {
  serverless();
  const std::string update = R"({"VariantName": "AllTraffic", "ServerlessUpdateConfig": )";
  EXPECT_THAT(scale(update + R"({"ProvisionedConcurrency": 6}})"), HasSubstr("MaxConcurrency (5)"));
  EXPECT_THAT(scale(R"({"VariantName": "AllTraffic", "DesiredInstanceCount": 1})"),
              HasSubstr("leave out DesiredInstanceCount"));
  ASSERT_EQ(scale(update + R"({"MaxConcurrency": 9, "ProvisionedConcurrency": 6}})"), "");
  EXPECT_EQ(record().serving->variants.at(0).asked.serverless,
            (domain::Serverless{.memory_mib = 2048, .max_concurrency = 9, .provisioned = 6}));
  in_service();
  ASSERT_EQ(said(configs_.create(config_request("Other"), context_)), "");
  api::UpdateEndpointInput request{.endpoint_name = "Endpoint", .endpoint_config_name = "Other"};
  request.retain_all_variant_properties = true;
  ASSERT_EQ(this->update(request), "");
  EXPECT_EQ(record().next->variants.at(0).instances, 1) << "it had no instances to retain";
  EXPECT_THAT(describe()->pending_deployment_summary->production_variants->at(0).instance_type,
              testing::Optional(std::string("ml.m5.large")));
}

TEST_F(EndpointsTest, AServerlessUpdateIsForServerlessVariants) {
  serving_two_variants();
  EXPECT_THAT(scale(R"({"VariantName": "a", "ServerlessUpdateConfig": {"MaxConcurrency": 9}})"),
              HasSubstr("is not serverless"));
}

TEST_F(EndpointsTest, WhatHasNoEffectGoesWithTheGeneration) {
  context_.inert = {{.path = "VpcConfig", .reason = "there is none"}};
  made();
  const std::string line = "VpcConfig has no effect: there is none";
  EXPECT_EQ(record().next->notices, (std::vector<std::string>{line, line, "Model Model: " + line}))
      << "of the configuration, of CreateEndpoint, of the model";
}

TEST_F(EndpointsTest, AnUpdateMayRetainWhatWasScaled) {
  serving_two_variants();
  ASSERT_EQ(scale(R"({"VariantName": "a", "DesiredInstanceCount": 4, "DesiredWeight": 7})"), "");
  in_service();
  api::UpdateEndpointInput request{.endpoint_name = "Endpoint", .endpoint_config_name = "Config"};
  request.retain_all_variant_properties = true;
  request.exclude_retained_variant_properties =
      std::vector<api::VariantProperty>{{.variant_property_type = "DesiredWeight"}};
  ASSERT_EQ(update(request), "");
  EXPECT_EQ(record().next->variants.at(0).instances, 4);
  EXPECT_EQ(record().next->variants.at(0).weight, 1);
  in_service();
  ASSERT_EQ(update_to("Config"), "");
  EXPECT_EQ(record().next->variants.at(0).instances, 1);
}

TEST_F(EndpointsTest, ListsByStatusAndTime) {
  made("one");
  in_service("one");
  context_.now += std::chrono::hours(1);
  ASSERT_EQ(said(create_endpoint("two")), "");
  using testing::ElementsAre;
  EXPECT_THAT(list({}), ElementsAre("two", "one"));
  EXPECT_THAT(list({.sort_by = "Name", .sort_order = "Ascending"}), ElementsAre("one", "two"));
  EXPECT_THAT(list({.status_equals = "InService"}), ElementsAre("one"));
  EXPECT_THAT(list({.status_equals = "OutOfService"}), ElementsAre());
  EXPECT_THAT(list({.last_modified_time_after = context_.now}), ElementsAre("two"));
  EXPECT_THAT(list({.name_contains = "NE"}), ElementsAre("one"));
}

TEST_F(EndpointsTest, TheTableRefusesDeploymentsOtherThanAllAtOnce) {
  const auto verdict = [](const std::string& deployment) {
    return wire::Validator()
        .check(
            api::UpdateEndpoint::operation(),
            parse_json(R"({"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": )" +
                       deployment + "}")
                .value())
        .message();
  };
  EXPECT_EQ(verdict(R"({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration":
                        {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}})"),
            "");
  EXPECT_THAT(verdict(R"({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration":
                          {"Type": "CANARY", "WaitIntervalInSeconds": 0}}})"),
              HasSubstr("all calls at once"));
  EXPECT_THAT(verdict(R"({"RollingUpdatePolicy": {"WaitIntervalInSeconds": 0,
                          "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}}})"),
              HasSubstr("RollingUpdatePolicy"));
}

}  // namespace
}  // namespace clary::services
