#include "services/endpoint_configs.h"

#include <utility>

#include "services/endpoint_config_request.h"
#include "services/kept_text.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

std::vector<api::ProductionVariant> with_weights(std::vector<api::ProductionVariant> variants) {
  for (api::ProductionVariant& variant : variants) {
    if (!variant.initial_variant_weight) variant.initial_variant_weight = 1.0;
  }
  return variants;
}

}  // namespace

void EndpointConfigs::add_to(Router& router) {
  router.add<api::CreateEndpointConfig>(*this, &EndpointConfigs::create);
  router.add<api::DescribeEndpointConfig>(*this, &EndpointConfigs::describe);
  router.add<api::ListEndpointConfigs>(*this, &EndpointConfigs::list);
  router.add<api::DeleteEndpointConfig>(*this, &EndpointConfigs::remove);
}

Outcome<api::CreateEndpointConfigOutput> EndpointConfigs::create(
    const api::CreateEndpointConfigInput& request, const CallContext& context) {
  CLARY_TRY(const domain::EndpointConfig config, config_of(request, context));
  CLARY_TRY(const std::vector<domain::Tag> tags,
            tags_of(request.tags.value_or(std::vector<api::sagemaker::Tag>{})));
  for (const auto* variants : {&config.variants, &config.shadows}) {
    for (const domain::ProductionVariant& variant : *variants) {
      CLARY_TRY(const domain::Model model,
                found_or(parts_.store.find_model(ModelName(variant.model)), ServingKind::kModel,
                         variant.model, context));
    }
  }
  if (const Status created = parts_.store.create_config(config); !created.ok()) {
    if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
    return already_there(ServingKind::kConfig, config.arn);
  }
  if (const Status tagged = set_tags(parts_.jobs, config.arn, tags); !tagged.ok()) {
    CLARY_RETURN_IF_ERROR(parts_.store.remove_config(config.name));
    return tagged.error();
  }
  return api::CreateEndpointConfigOutput{.endpoint_config_arn = config.arn.value()};
}

Outcome<api::DescribeEndpointConfigOutput> EndpointConfigs::describe(
    const api::DescribeEndpointConfigInput& request, const CallContext& context) {
  const std::string& name = request.endpoint_config_name;
  CLARY_TRY(const domain::EndpointConfig config,
            found_or(parts_.store.find_config(EndpointConfigName(name)), ServingKind::kConfig, name,
                     context));
  CLARY_TRY(auto asked, from_kept_text<api::CreateEndpointConfigInput>(config.request));
  api::DescribeEndpointConfigOutput reply;
  reply.endpoint_config_name = config.name.value();
  reply.endpoint_config_arn = config.arn.value();
  reply.creation_time = config.created;
  reply.production_variants = with_weights(std::move(asked.production_variants));
  if (asked.shadow_production_variants)
    reply.shadow_production_variants = with_weights(*std::move(asked.shadow_production_variants));
  reply.data_capture_config = std::move(asked.data_capture_config);
  reply.async_inference_config = std::move(asked.async_inference_config);
  reply.vpc_config = std::move(asked.vpc_config);
  reply.enable_network_isolation = asked.enable_network_isolation.value_or(false);
  return reply;
}

Outcome<api::ListEndpointConfigsOutput> EndpointConfigs::list(
    const api::ListEndpointConfigsInput& request, const CallContext&) {
  CLARY_TRY(const domain::Page<domain::EndpointConfig> page,
            page_or(parts_.store.list_configs(resource_query(request))));
  api::ListEndpointConfigsOutput reply;
  for (const domain::EndpointConfig& config : page.records) {
    reply.endpoint_configs.push_back({.endpoint_config_name = config.name.value(),
                                      .endpoint_config_arn = config.arn.value(),
                                      .creation_time = config.created});
  }
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::DeleteEndpointConfigReply> EndpointConfigs::remove(
    const api::DeleteEndpointConfigInput& request, const CallContext& context) {
  const EndpointConfigName name(request.endpoint_config_name);
  CLARY_TRY(const domain::EndpointConfig config,
            found_or(parts_.store.find_config(name), ServingKind::kConfig, *name, context));
  if (const Status removed = parts_.store.remove_config(name); !removed.ok()) {
    if (removed.error().code != ErrorCode::kNotFound) return removed.error();
    return could_not_find(ServingKind::kConfig, *name, context);
  }
  CLARY_RETURN_IF_ERROR(set_tags(parts_.jobs, config.arn, {}));
  return api::DeleteEndpointConfigReply{};
}

}  // namespace clary::services
