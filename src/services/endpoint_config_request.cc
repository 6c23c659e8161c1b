#include "services/endpoint_config_request.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objects/object_store.h"
#include "services/kept_text.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

Complaint check_variant(const std::string& path, const api::ProductionVariant& variant) {
  if (!variant.model_name) {
    return invalid(fmt::format(
        "Clary does not run inference components yet: the variant \"{}\" needs a ModelName.",
        variant.variant_name));
  }
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
  made.instances = static_cast<int>(*variant.initial_instance_count);
  made.instance_type = *variant.instance_type;
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

Outcome<domain::EndpointConfig> config_of(const api::CreateEndpointConfigInput& request,
                                          const CallContext& context) {
  domain::EndpointConfig config;
  config.name = EndpointConfigName(request.endpoint_config_name);
  config.arn = serving_arn(ServingKind::kConfig, request.endpoint_config_name, context);
  config.request = to_kept_text(request);
  config.created = context.now;
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
  }
  if (request.data_capture_config) {
    config.capture = capture_of(*request.data_capture_config);
    if (!objects::parse_object_uri(config.capture->uri).ok()) {
      return invalid(fmt::format("DestinationS3Uri of DataCaptureConfig is no S3 URI: \"{}\".",
                                 config.capture->uri));
    }
  }
  if (request.async_inference_config) {
    CLARY_TRY(config.async, async_of(*request.async_inference_config));
  }
  return config;
}

}  // namespace clary::services
