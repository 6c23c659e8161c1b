#include "services/endpoint_generation.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "services/job_rules.h"
#include "services/serving_resources.h"

namespace clary::services {

Outcome<domain::EndpointGeneration> generation_of(const std::string& config_name,
                                                  domain::EndpointStore& store,
                                                  const CallContext& context) {
  CLARY_TRY(domain::EndpointConfig config,
            found_or(store.find_config(EndpointConfigName(config_name)), ServingKind::kConfig,
                     config_name, context));
  domain::EndpointGeneration made;
  made.config = config.name;
  made.capture = std::move(config.capture);
  made.async = std::move(config.async);
  made.notices = std::move(config.notices);
  std::ranges::move(inert_notices(context), std::back_inserter(made.notices));
  made.begun = context.now;
  for (domain::ProductionVariant& asked : config.variants) {
    CLARY_TRY(domain::Model model, found_or(store.find_model(ModelName(asked.model)),
                                            ServingKind::kModel, asked.model, context));
    for (std::string& notice : model.notices) {
      std::string line = "Model " + asked.model + ": " + std::move(notice);
      if (std::ranges::find(made.notices, line) == made.notices.end())
        made.notices.push_back(std::move(line));
    }
    domain::EndpointVariant variant;
    variant.role = std::move(model.role);
    variant.containers = std::move(model.containers);
    variant.direct = model.direct;
    variant.network_isolation = model.network_isolation;
    variant.instances = asked.instances;
    variant.weight = asked.weight;
    variant.asked = std::move(asked);
    made.variants.push_back(std::move(variant));
  }
  return made;
}

void retain_properties(domain::EndpointGeneration& next, const domain::EndpointGeneration& serving,
                       const std::vector<api::VariantProperty>& excluded) {
  const auto retains = [&excluded](std::string_view property) {
    return std::ranges::find(excluded, property, &api::VariantProperty::variant_property_type) ==
           excluded.end();
  };
  for (domain::EndpointVariant& variant : next.variants) {
    const auto before =
        std::ranges::find_if(serving.variants, [&variant](const domain::EndpointVariant& one) {
          return one.asked.name == variant.asked.name;
        });
    if (before == serving.variants.end()) continue;
    // Between instances and none there is no number to retain.
    const bool alike = variant.asked.serverless.has_value() == before->asked.serverless.has_value();
    if (alike && retains("DesiredInstanceCount")) variant.instances = before->instances;
    if (retains("DesiredWeight")) variant.weight = before->weight;
  }
  if (retains("DataCaptureConfig")) next.capture = serving.capture;
}

}  // namespace clary::services
