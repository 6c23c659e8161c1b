#include "services/endpoint_configs.h"

#include "services/serving_fixture.h"

namespace clary::services {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kConfigArn =
    "arn:aws:sagemaker:eu-west-1:000000000000:endpoint-config/config";

class EndpointConfigsTest : public ServingTest {
 protected:
  EndpointConfigsTest() { EXPECT_EQ(said(models_.create(model_request(), context_)), ""); }

  std::string create_variants(const std::string& variants) {
    return said(configs_.create(config_request("Config", variants), context_));
  }
  domain::EndpointConfig stored() {
    return store_.find_config(EndpointConfigName("Config")).value();
  }
};

TEST_F(EndpointConfigsTest, WhatWasAskedForIsGivenBack) {
  auto created = configs_.create(config_request(), context_);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->endpoint_config_arn, kConfigArn);
  auto reply = configs_.describe({.endpoint_config_name = "Config"}, context_);
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->production_variants.size(), 1U);
  EXPECT_EQ(reply->production_variants[0].variant_name, "AllTraffic");
  EXPECT_EQ(reply->production_variants[0].model_name, "Model");
  EXPECT_EQ(reply->production_variants[0].initial_variant_weight, 1.0);
  EXPECT_EQ(reply->endpoint_config_arn, kConfigArn);
  EXPECT_EQ(reply->creation_time, context_.now);
  EXPECT_FALSE(reply->data_capture_config.has_value());
}

TEST_F(EndpointConfigsTest, AVariantIsKeptWithItsLimits) {
  ASSERT_EQ(create_variants(R"({"VariantName": "v", "ModelName": "Model", "InitialInstanceCount": 2,
      "InstanceType": "ml.c5.large", "AcceleratorType": "ml.eia2.large",
      "ModelDataDownloadTimeoutInSeconds": 100, "ContainerStartupHealthCheckTimeoutInSeconds": 60})"),
            "");
  const domain::ProductionVariant variant = stored().variants.at(0);
  EXPECT_EQ(variant.instances, 2);
  EXPECT_EQ(variant.weight, 1.0);
  EXPECT_EQ(variant.accelerator_type, "ml.eia2.large");
  EXPECT_EQ(variant.startup_seconds, 160);
  EXPECT_FALSE(variant.serverless.has_value());
}

TEST_F(EndpointConfigsTest, AServerlessVariantIsKept) {
  ASSERT_EQ(create_variants(R"({"VariantName": "v", "ModelName": "Model", "ServerlessConfig":
      {"MemorySizeInMB": 3072, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}})"),
            "");
  const domain::ProductionVariant variant = stored().variants.at(0);
  EXPECT_EQ(variant.serverless,
            (domain::Serverless{.memory_mib = 3072, .max_concurrency = 5, .provisioned = 2}));
  EXPECT_EQ(variant.instance_type, "");
  auto reply = configs_.describe({.endpoint_config_name = "Config"}, context_);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->production_variants[0].serverless_config->memory_size_in_mb, 3072);
}

TEST_F(EndpointConfigsTest, WhatIsNoServerlessVariantIsRefused) {
  const auto create_serverless = [this](const std::string& config, const std::string& more = "") {
    return create_variants(R"({"VariantName": "v", "ModelName": "Model", "ServerlessConfig": {)" +
                           config + "}" + more + "}");
  };
  const std::string good = R"("MemorySizeInMB": 2048, "MaxConcurrency": 2)";
  EXPECT_THAT(create_serverless(R"("MemorySizeInMB": 2000, "MaxConcurrency": 2)"),
              HasSubstr("must be 1024, 2048"));
  EXPECT_THAT(create_serverless(good + R"(, "ProvisionedConcurrency": 3)"),
              HasSubstr("more than its MaxConcurrency (2)"));
  EXPECT_THAT(create_serverless(good, R"(, "InstanceType": "ml.m5.large")"),
              HasSubstr("leave out InstanceType"));
  EXPECT_THAT(create_serverless(good, R"(, "AcceleratorType": "ml.eia2.medium")"),
              HasSubstr("leave out AcceleratorType"));
  EXPECT_EQ(create_serverless(good), "");
}

TEST_F(EndpointConfigsTest, AServerlessVariantAnswersAtOnceAndShadowsNobody) {
  const std::string serverless = R"("ModelName": "Model", "ServerlessConfig":
      {"MemorySizeInMB": 2048, "MaxConcurrency": 2})";
  api::CreateEndpointConfigInput later =
      config_request("Config", R"({"VariantName": "v", )" + serverless + "}");
  later.async_inference_config =
      from_json<api::AsyncInferenceConfig>(R"({"OutputConfig": {"S3OutputPath": "s3://b/out"}})");
  EXPECT_THAT(said(configs_.create(later, context_)), HasSubstr("Asynchronous calls are for"));
  api::CreateEndpointConfigInput shadow = config_request();
  shadow.shadow_production_variants = std::vector<api::ProductionVariant>{
      from_json<api::ProductionVariant>(R"({"VariantName": "s", )" + serverless + "}")};
  EXPECT_THAT(said(configs_.create(shadow, context_)), HasSubstr("need instances"));
  later.production_variants = config_request().production_variants;
  later.shadow_production_variants = {from_json<api::ProductionVariant>(variant("s"))};
  EXPECT_THAT(said(configs_.create(later, context_)), HasSubstr("leave out ShadowProduction"));
}

TEST_F(EndpointConfigsTest, WhatHasNoEffectIsKeptToBeTold) {
  context_.inert = {{.path = "VpcConfig", .reason = "there is none"}};
  ASSERT_EQ(create_variants(R"({"VariantName": "v", "ModelName": "Model", "InitialInstanceCount": 1,
      "InstanceType": "ml.c5.large", "AcceleratorType": "ml.eia2.large"})"),
            "");
  const std::vector<std::string> notices = stored().notices;
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0], "VpcConfig has no effect: there is none");
  EXPECT_THAT(notices[1], StartsWith("AcceleratorType ml.eia2.large of v: Elastic Inference is"));
}

TEST_F(EndpointConfigsTest, ItsModelsMustBeThere) {
  EXPECT_EQ(create_variants(R"({"VariantName": "v", "ModelName": "Other", "InitialInstanceCount": 1,
                                "InstanceType": "ml.m5.large"})"),
            "ValidationException: Could not find model "
            "\"arn:aws:sagemaker:eu-west-1:000000000000:model/other\".");
  EXPECT_FALSE(store_.find_config(EndpointConfigName("Config")).ok());
}

TEST_F(EndpointConfigsTest, WhatMakesNoConfigurationIsRefused) {
  EXPECT_THAT(create_variants(variant("v") + "," + variant("v")), HasSubstr("unique"));
  EXPECT_THAT(create_variants(R"({"VariantName": "v", "InstanceType": "ml.m5.large"})"),
              HasSubstr("inference components"));
  EXPECT_THAT(create_variants(R"({"VariantName": "v", "ModelName": "Model",
                                  "InitialInstanceCount": 1})"),
              HasSubstr("'productionVariants.1.member.instanceType'"));
  EXPECT_THAT(create_variants(R"({"VariantName": "v", "ModelName": "Model",
                                  "InstanceType": "ml.m5.large", "InitialInstanceCount": 101})"),
              StartsWith("ResourceLimitExceeded: A variant has at most 100 instances"));
}

TEST_F(EndpointConfigsTest, DataCaptureIsKept) {
  const auto create_capturing = [this](const std::string& members) {
    api::CreateEndpointConfigInput request = config_request();
    request.data_capture_config = from_json<api::DataCaptureConfig>(
        "{" + members + R"("InitialSamplingPercentage": 20, "CaptureOptions":
            [{"CaptureMode": "Input"}], "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]}})");
    return said(configs_.create(request, context_));
  };
  EXPECT_THAT(create_capturing(R"("DestinationS3Uri": "b/c", )"), HasSubstr("is no S3 URI"));
  EXPECT_EQ(create_capturing(R"("DestinationS3Uri": "s3://b/c", )"), "");
  const domain::DataCapture capture = stored().capture.value();
  EXPECT_TRUE(capture.enabled) << "unless EnableCapture says otherwise";
  EXPECT_EQ(capture.percentage, 20);
  EXPECT_TRUE(capture.input);
  EXPECT_FALSE(capture.output);
  EXPECT_THAT(capture.csv_types, testing::ElementsAre("text/csv"));
  ASSERT_EQ(said(configs_.remove({.endpoint_config_name = "Config"}, context_)), "");
  EXPECT_EQ(create_capturing(R"("EnableCapture": false, "DestinationS3Uri": "s3://b/c", )"), "");
  EXPECT_FALSE(stored().capture->enabled);
}

TEST_F(EndpointConfigsTest, WhereAsynchronousAnswersGoIsKept) {
  const auto create_async = [this](const std::string& output) {
    api::CreateEndpointConfigInput request = config_request();
    request.async_inference_config = from_json<api::AsyncInferenceConfig>(
        R"({"ClientConfig": {"MaxConcurrentInvocationsPerInstance": 7}, "OutputConfig": {)" +
        output + "}}");
    return said(configs_.create(request, context_));
  };
  EXPECT_THAT(create_async(""), HasSubstr("S3OutputPath of OutputConfig must be given"));
  EXPECT_THAT(create_async(R"("S3OutputPath": "b/out")"), HasSubstr("no S3 URI: \"b/out\""));
  ASSERT_EQ(create_async(R"("S3OutputPath": "s3://b/out", "S3FailurePath": "s3://b/bad")"), "");
  const domain::AsyncInference async = stored().async.value();
  EXPECT_EQ(async.output_uri, "s3://b/out");
  EXPECT_EQ(async.failure_uri, "s3://b/bad");
  EXPECT_EQ(async.max_concurrent, 7);
  auto reply = configs_.describe({.endpoint_config_name = "Config"}, context_);
  ASSERT_TRUE(reply->async_inference_config.has_value());
  EXPECT_EQ(reply->async_inference_config->output_config.s3_output_path, "s3://b/out");
  ASSERT_EQ(said(create_endpoint()), "");
  in_service();
  auto endpoint = describe();
  ASSERT_TRUE(endpoint->async_inference_config.has_value());
  EXPECT_EQ(endpoint->async_inference_config->output_config.s3_failure_path, "s3://b/bad");
  const domain::Endpoint made = record();
  using Variable = std::pair<std::string, std::string>;
  const std::vector<Variable>& environment =
      made.serving.value().variants.at(0).containers.at(0).environment;
  EXPECT_THAT(environment, Contains(Variable("SAGEMAKER_MODEL_SERVER_TIMEOUT", "3600")));
  EXPECT_THAT(environment, Contains(Variable("SAGEMAKER_MAX_PAYLOAD_IN_MB", "1024")));
}

TEST_F(EndpointConfigsTest, AShadowVariantStandsBesideOneOther) {
  const auto create_shadowed = [this](const std::string& shadow, const std::string& open) {
    api::CreateEndpointConfigInput request = config_request("Config", open);
    request.shadow_production_variants = {from_json<api::ProductionVariant>(shadow)};
    return said(configs_.create(request, context_));
  };
  EXPECT_THAT(create_shadowed(variant("v"), variant("v")), HasSubstr("unique"));
  EXPECT_THAT(create_shadowed(variant("s"), variant("v") + "," + variant("w")),
              HasSubstr("one production variant and one shadow"));
  EXPECT_THAT(create_shadowed(R"({"VariantName": "s", "ModelName": "Other",
      "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"})",
                              variant("v")),
              HasSubstr("Could not find model"));
  ASSERT_EQ(create_shadowed(variant("s", 1, 0.5), variant("v")), "");
  ASSERT_EQ(stored().shadows.size(), 1U);
  EXPECT_EQ(stored().shadows[0].weight, 0.5);
  auto reply = configs_.describe({.endpoint_config_name = "Config"}, context_);
  ASSERT_TRUE(reply->shadow_production_variants.has_value());
  EXPECT_EQ(reply->shadow_production_variants->at(0).variant_name, "s");
  ASSERT_EQ(said(create_endpoint()), "");
  ASSERT_EQ(record().next->variants.size(), 2U);
  EXPECT_TRUE(record().next->variants[1].shadow);
  in_service();
  auto endpoint = describe();
  EXPECT_EQ(endpoint->production_variants->size(), 1U);
  ASSERT_TRUE(endpoint->shadow_production_variants.has_value());
  EXPECT_EQ(endpoint->shadow_production_variants->at(0).variant_name, "s");
}

TEST_F(EndpointConfigsTest, TheTableRefusesWhatIsNotCarriedOut) {
  const auto verdict = [](const std::string& variant_members, const std::string& members) {
    const std::string request =
        R"({"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v")" +
        variant_members + "}]" + members + "}";
    return wire::Validator()
        .check(api::CreateEndpointConfig::operation(), parse_json(request).value())
        .message();
  };
  EXPECT_EQ(verdict(R"(, "AcceleratorType": "ml.eia2.large", "VolumeSizeInGB": 10)",
                    R"(, "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["s-1"]})"),
            "");
  EXPECT_THAT(verdict("", R"(, "AsyncInferenceConfig": {"OutputConfig": {"NotificationConfig":
                  {"SuccessTopic": "arn:aws:sns:eu-west-1:000000000000:t"}}})"),
              HasSubstr("Clary has no SNS"));
  EXPECT_THAT(verdict("", R"(, "KmsKeyId": "k")"), HasSubstr("KmsKeyId"));
}

TEST_F(EndpointConfigsTest, ANameIsTakenAndFreeAgain) {
  ASSERT_EQ(said(configs_.create(config_request(), context_)), "");
  EXPECT_EQ(
      said(configs_.create(config_request("CONFIG"), context_)),
      std::string("ValidationException: Cannot create already existing endpoint configuration \"") +
          kConfigArn + "\".");
  EXPECT_EQ(said(configs_.remove({.endpoint_config_name = "Config"}, context_)), "");
  const std::string gone =
      std::string("ValidationException: Could not find endpoint configuration \"") + kConfigArn +
      "\".";
  EXPECT_EQ(said(configs_.remove({.endpoint_config_name = "Config"}, context_)), gone);
  EXPECT_EQ(said(configs_.describe({.endpoint_config_name = "Config"}, context_)), gone);
}

TEST_F(EndpointConfigsTest, ListsThoseOfATime) {
  ASSERT_EQ(said(configs_.create(config_request("old"), context_)), "");
  context_.now += std::chrono::hours(1);
  ASSERT_EQ(said(configs_.create(config_request("new"), context_)), "");
  auto all = configs_.list({}, context_);
  ASSERT_EQ(all->endpoint_configs.size(), 2U);
  EXPECT_EQ(all->endpoint_configs[0].endpoint_config_name, "new") << "the latest is the first";
  auto late =
      configs_.list({.creation_time_after = context_.now - std::chrono::minutes(1)}, context_);
  ASSERT_EQ(late->endpoint_configs.size(), 1U);
  EXPECT_EQ(late->endpoint_configs[0].endpoint_config_name, "new");
}

}  // namespace
}  // namespace clary::services
