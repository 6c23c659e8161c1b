#include "services/endpoint_config_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objects/object_store.h"
#include "services/job_rules.h"
#include "services/kept_text.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

// Source: AWS, ProductionVariantServerlessConfig: valid sizes of memory in 1 GB increments;
// ProvisionedConcurrency is at most MaxConcurrency.
Complaint check_serverless(const api::ProductionVariant& variant) {
  constexpr std::int64_t kStepMib = 1024;
  const api::ProductionVariantServerlessConfig& asked = *variant.serverless_config;
  const std::string& name = variant.variant_name;
  if (variant.instance_type || variant.initial_instance_count) {
    return invalid(
        fmt::format("The variant \"{}\" has a ServerlessConfig: leave out InstanceType and "
                    "InitialInstanceCount.",
                    name));
  }
  if (variant.accelerator_type)
    return invalid(
        fmt::format("The variant \"{}\" is serverless: leave out AcceleratorType.", name));
  if (asked.memory_size_in_mb % kStepMib != 0) {
    return invalid(
        fmt::format("MemorySizeInMB of the variant \"{}\" must be 1024, 2048, 3072, 4096, 5120 or "
                    "6144, not {}.",
                    name, asked.memory_size_in_mb));
  }
  return check_provisioned(name, asked.provisioned_concurrency.value_or(0), asked.max_concurrency);
}

Complaint check_variant(const std::string& path, const api::ProductionVariant& variant) {
  if (!variant.model_name) {
    return invalid(fmt::format(
        "Clary does not run inference components yet: the variant \"{}\" needs a ModelName.",
        variant.variant_name));
  }
  if (variant.serverless_config) return check_serverless(variant);
  for (const auto& [given, member] :
       {std::pair{variant.instance_type.has_value(), "instanceType"},
        std::pair{variant.initial_instance_count.has_value(), "initialInstanceCount"}}) {
    if (!given) return absent_member(path + member);
  }
  return check_instance_count(variant.variant_name, *variant.initial_instance_count);
}

domain::ProductionVariant variant_of(const api::ProductionVariant& variant) {
  domain::ProductionVariant made;
  made.name = variant.variant_name;
  made.model = *variant.model_name;
  if (const auto& serverless = variant.serverless_config) {
    made.instances = 0;
    made.serverless = domain::Serverless{
        .memory_mib = static_cast<int>(serverless->memory_size_in_mb),
        .max_concurrency = static_cast<int>(serverless->max_concurrency),
        .provisioned = static_cast<int>(serverless->provisioned_concurrency.value_or(0))};
  } else {
    made.instances = static_cast<int>(*variant.initial_instance_count);
    made.instance_type = *variant.instance_type;
  }
  made.weight = variant.initial_variant_weight.value_or(made.weight);
  made.accelerator_type = variant.accelerator_type.value_or("");
  // An instance fetches its model data and starts in one go: so there is one limit for both.
  made.startup_seconds =
      variant.container_startup_health_check_timeout_in_seconds.value_or(made.startup_seconds) +
      variant.model_data_download_timeout_in_seconds.value_or(0);
  return made;
}

// names: of every variant before, in either list.
Outcome<std::vector<domain::ProductionVariant>> variants_of(
    std::string_view list, const std::vector<api::ProductionVariant>& variants,
    std::set<std::string>& names) {
  std::vector<domain::ProductionVariant> made;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const api::ProductionVariant& variant = variants[i];
    if (auto wrong = check_variant(fmt::format("{}.{}.member.", list, i + 1), variant))
      return *wrong;
    if (!names.insert(variant.variant_name).second) {
      return invalid(fmt::format("Variant names must be unique. \"{}\" is given more than once.",
                                 variant.variant_name));
    }
    made.push_back(variant_of(variant));
  }
  return made;
}

domain::DataCapture capture_of(const api::DataCaptureConfig& config) {
  domain::DataCapture made;
  // Source: AWS, DataCaptureConfig: capture is on unless EnableCapture says otherwise.
  made.enabled = config.enable_capture.value_or(true);
  made.percentage = static_cast<int>(config.initial_sampling_percentage);
  made.uri = config.destination_s3_uri;
  for (const api::CaptureOption& option : config.capture_options) {
    made.input |= option.capture_mode != "Output";
    made.output |= option.capture_mode != "Input";
  }
  if (!config.capture_content_type_header) return made;
  const api::CaptureContentTypeHeader& types = *config.capture_content_type_header;
  if (types.csv_content_types) made.csv_types = *types.csv_content_types;
  if (types.json_content_types) made.json_types = *types.json_content_types;
  return made;
}

// Source: AWS, serverless endpoints: what they do not support.
bool has_serverless(const std::vector<domain::ProductionVariant>& variants) {
  return std::ranges::any_of(variants,
                             [](const auto& variant) { return variant.serverless.has_value(); });
}

Outcome<domain::AsyncInference> async_of(const api::AsyncInferenceConfig& config) {
  domain::AsyncInference made;
  if (!config.output_config.s3_output_path) {
    return invalid(
        "Clary has no bucket of its own for the output of asynchronous calls: S3OutputPath of "
        "OutputConfig must be given.");
  }
  made.output_uri = *config.output_config.s3_output_path;
  made.failure_uri = config.output_config.s3_failure_path.value_or("");
  for (const std::string* uri : {&made.output_uri, &made.failure_uri}) {
    if (!uri->empty() && !objects::parse_object_uri(*uri).ok())
      return invalid(fmt::format("A path of OutputConfig is no S3 URI: \"{}\".", *uri));
  }
  if (config.client_config && config.client_config->max_concurrent_invocations_per_instance) {
    made.max_concurrent =
        static_cast<int>(*config.client_config->max_concurrent_invocations_per_instance);
  }
  return made;
}

}  // namespace

Complaint check_provisioned(const std::string& variant, std::int64_t provisioned,
                            std::int64_t max_concurrency) {
  if (provisioned <= max_concurrency) return std::nullopt;
  return invalid(
      fmt::format("ProvisionedConcurrency ({}) of the variant \"{}\" is more than its "
                  "MaxConcurrency ({}).",
                  provisioned, variant, max_concurrency));
}

Outcome<domain::EndpointConfig> config_of(const api::CreateEndpointConfigInput& request,
                                          const CallContext& context) {
  domain::EndpointConfig config;
  config.name = EndpointConfigName(request.endpoint_config_name);
  config.arn = serving_arn(ServingKind::kConfig, request.endpoint_config_name, context);
  config.request = to_kept_text(request);
  config.created = context.now;
  config.notices = inert_notices(context);
  for (const api::ProductionVariant& variant : request.production_variants) {
    if (!variant.accelerator_type) continue;
    config.notices.push_back(fmt::format(
        "AcceleratorType {} of {}: Elastic Inference is discontinued. The model runs in "
        "the torch engine where it can, on a GPU where there is one; each container's "
        "log begins with what it got",
        *variant.accelerator_type, variant.variant_name));
  }
  std::set<std::string> names;
  CLARY_TRY(config.variants, variants_of("productionVariants", request.production_variants, names));
  if (request.shadow_production_variants) {
    const auto& shadows = *request.shadow_production_variants;
    // Source: AWS, CreateEndpointConfig, ShadowProductionVariants.
    if (config.variants.size() != 1 || shadows.size() != 1) {
      return invalid(
          "With ShadowProductionVariants there must be one production variant and one shadow "
          "variant.");
    }
    CLARY_TRY(config.shadows, variants_of("shadowProductionVariants", shadows, names));
    if (has_serverless(config.variants) || has_serverless(config.shadows))
      return invalid(
          "Shadow variants and those they shadow need instances: leave out ServerlessConfig.");
  }
  if (request.data_capture_config) {
    config.capture = capture_of(*request.data_capture_config);
    if (!objects::parse_object_uri(config.capture->uri).ok()) {
      return invalid(fmt::format("DestinationS3Uri of DataCaptureConfig is no S3 URI: \"{}\".",
                                 config.capture->uri));
    }
  }
  if (request.async_inference_config) {
    if (has_serverless(config.variants))
      return invalid(
          "Asynchronous calls are for variants with instances: leave out ServerlessConfig.");
    // Source: AWS, "Shadow tests", what they do not support.
    if (!config.shadows.empty())
      return invalid("Asynchronous calls have no copies: leave out ShadowProductionVariants.");
    CLARY_TRY(config.async, async_of(*request.async_inference_config));
  }
  return config;
}

}  // namespace clary::services
