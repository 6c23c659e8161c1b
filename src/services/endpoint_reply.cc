#include "services/endpoint_reply.h"

#include <optional>
#include <string>
#include <vector>

namespace clary::services {
namespace {

std::vector<api::DeployedImage> images_of(const domain::EndpointVariant& variant,
                                          const domain::EndpointGeneration& generation) {
  std::vector<api::DeployedImage> images;
  for (const domain::ModelContainer& container : variant.containers) {
    images.push_back({.specified_image = container.image,
                      .resolved_image = container.image,
                      .resolution_time = generation.begun});
  }
  return images;
}

api::ProductionVariantServerlessConfig serverless_config(const domain::Serverless& serverless) {
  api::ProductionVariantServerlessConfig config{.memory_size_in_mb = serverless.memory_mib,
                                                .max_concurrency = serverless.max_concurrency};
  if (serverless.provisioned > 0) config.provisioned_concurrency = serverless.provisioned;
  return config;
}

// A serverless variant has the instances that it has just now.
void describe_serverless(api::ProductionVariantSummary& summary, const domain::Serverless& asked,
                         const std::optional<hosting::VariantSight>& sight) {
  summary.current_serverless_config = serverless_config(asked);
  summary.desired_serverless_config = serverless_config(asked);
  summary.current_instance_count = sight ? sight->instances : 0;
  summary.desired_instance_count = *summary.current_instance_count;
  if (!sight || !sight->starting) return;
  summary.desired_instance_count = *summary.current_instance_count + 1;
  summary.variant_status = std::vector<api::ProductionVariantStatus>{
      {.status = "Creating", .status_message = "Cold start: an instance is being started."}};
}

// An endpoint is in service when all of what it wants is there: so `current` is what is desired.
std::vector<api::ProductionVariantSummary> variants_of(const EndpointName& endpoint,
                                                       const domain::EndpointGeneration& generation,
                                                       hosting::EndpointSights& sights) {
  std::vector<api::ProductionVariantSummary> out;
  for (const domain::EndpointVariant& variant : generation.variants) {
    if (variant.shadow) continue;
    out.push_back({.variant_name = variant.asked.name,
                   .deployed_images = images_of(variant, generation),
                   .current_weight = variant.weight,
                   .desired_weight = variant.weight,
                   .current_instance_count = variant.instances,
                   .desired_instance_count = variant.instances});
    if (variant.asked.serverless) {
      describe_serverless(out.back(), *variant.asked.serverless,
                          sights.sight(endpoint, variant.asked.name));
    }
  }
  return out;
}

// Of a generation on its way: none of it is in service yet.
api::PendingDeploymentSummary pending_of(const domain::EndpointGeneration& next) {
  std::vector<api::PendingProductionVariantSummary> variants;
  for (const domain::EndpointVariant& variant : next.variants) {
    if (variant.shadow) continue;
    api::PendingProductionVariantSummary summary{.variant_name = variant.asked.name,
                                                 .deployed_images = images_of(variant, next),
                                                 .current_weight = 0.0,
                                                 .desired_weight = variant.weight,
                                                 .current_instance_count = 0,
                                                 .desired_instance_count = variant.instances};
    if (variant.asked.serverless)
      summary.desired_serverless_config = serverless_config(*variant.asked.serverless);
    else
      summary.instance_type = variant.asked.instance_type;
    if (!variant.asked.accelerator_type.empty())
      summary.accelerator_type = variant.asked.accelerator_type;
    summary.variant_status =
        std::vector<api::ProductionVariantStatus>{{.status = "Creating", .start_time = next.begun}};
    variants.push_back(std::move(summary));
  }
  return {.endpoint_config_name = next.config.value(),
          .production_variants = std::move(variants),
          .start_time = next.begun};
}

api::DataCaptureConfigSummary capture_summary(const domain::DataCapture& capture) {
  return {.enable_capture = capture.enabled,
          .capture_status = capture.enabled ? "Started" : "Stopped",
          .current_sampling_percentage = capture.percentage,
          .destination_s3_uri = capture.uri};
}

}  // namespace

api::DescribeEndpointOutput describe_endpoint(const domain::Endpoint& endpoint,
                                              hosting::EndpointSights& sights) {
  api::DescribeEndpointOutput reply;
  reply.endpoint_name = endpoint.name.value();
  reply.endpoint_arn = endpoint.arn.value();
  reply.endpoint_status = endpoint_status_name(endpoint.status);
  if (!endpoint.failure_reason.empty()) reply.failure_reason = endpoint.failure_reason;
  reply.creation_time = endpoint.created;
  reply.last_modified_time = endpoint.modified;
  if (endpoint.next) {
    reply.endpoint_config_name = endpoint.next->config.value();
    reply.pending_deployment_summary = pending_of(*endpoint.next);
  }
  if (endpoint.serving) {
    reply.endpoint_config_name = endpoint.serving->config.value();
    reply.production_variants = variants_of(endpoint.name, *endpoint.serving, sights);
    if (endpoint.serving->capture)
      reply.data_capture_config = capture_summary(*endpoint.serving->capture);
  }
  return reply;
}

api::EndpointSummary summarize_endpoint(const domain::Endpoint& endpoint) {
  return {.endpoint_name = endpoint.name.value(),
          .endpoint_arn = endpoint.arn.value(),
          .creation_time = endpoint.created,
          .last_modified_time = endpoint.modified,
          .endpoint_status = std::string(endpoint_status_name(endpoint.status))};
}

}  // namespace clary::services
