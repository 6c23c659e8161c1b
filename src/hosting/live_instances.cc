#include "hosting/live_instances.h"

#include <algorithm>
#include <vector>

#include "hosting/endpoint_failure.h"
#include "runtime/gang_effects.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointVariant;

namespace {

constexpr const char* kContainerHost = "algo-1";  // each container is a job of one host

}  // namespace

LiveEndpoint LiveInstances::endpoint(const Endpoint& endpoint, const EndpointPlan& plan,
                                     InstanceBook& book) {
  LiveEndpoint live;
  live.name = endpoint.name;
  live.id = endpoint.id;
  live.status = endpoint.status;
  if (!endpoint.serving) return live;
  const auto& capture = endpoint.serving->capture;
  if (capture && capture->enabled)
    live.capture = std::make_shared<const domain::DataCapture>(*capture);
  if (const auto& async = endpoint.serving->async)
    live.async = std::make_shared<const domain::AsyncInference>(*async);
  const std::vector<InstanceView> views = book.views(endpoint);
  for (const EndpointVariant& variant : endpoint.serving->variants) {
    const auto is_of = [&](const InstanceId& id) {
      return id.generation == endpoint.serving->number && id.variant == variant.asked.name;
    };
    LiveVariant one{.name = variant.asked.name,
                    .weight = variant.weight,
                    .shadow = variant.shadow,
                    .direct = variant.direct};
    one.role = variant.role;
    one.coming = std::ranges::any_of(views, [&](const InstanceView& view) {
      return is_of(view.id) && view.state == InstanceState::kStarting;
    });
    for (const InstanceId& id : plan.calls) {
      if (!is_of(id)) continue;
      if (auto found = instance(endpoint, id, book)) one.instances.push_back(std::move(found));
    }
    live.variants.push_back(std::move(one));
  }
  return live;
}

bool LiveInstances::is_busy(const std::string& endpoint_id, const InstanceId& instance) const {
  const auto found = instances_.find({endpoint_id, instance});
  return found != instances_.end() && found->second->calls_under_way() > 0;
}

void LiveInstances::forget(const std::string& endpoint_id, const InstanceId& instance) {
  instances_.erase({endpoint_id, instance});
}

void LiveInstances::forget(const std::string& endpoint_id) {
  std::erase_if(instances_, [&](const auto& one) { return one.first.first == endpoint_id; });
}

std::shared_ptr<LiveInstance> LiveInstances::instance(const Endpoint& endpoint,
                                                      const InstanceId& id, InstanceBook& book) {
  const std::pair key(endpoint.id, id);
  if (const auto known = instances_.find(key); known != instances_.end()) return known->second;
  const EndpointVariant* const variant = find_variant(endpoint, id);
  if (variant == nullptr) return nullptr;
  std::vector<LiveContainer> containers;
  for (const KnownContainer* part : book.of(id)) {
    if (!part->place) return nullptr;
    auto link = make_link_(*part->place);
    if (!link.ok()) return nullptr;
    const domain::ModelContainer& model = part->job.spec.model;
    LiveContainer& container = containers.emplace_back();
    container.name = container_name(*variant, part->part().container);
    container.many_models = model.many_models;
    container.model_uri = model.model_uri;
    container.log_stream = runtime::log_stream_of(part->job, kContainerHost);
    container.link = std::move(link).value();
  }
  return instances_.emplace(key, std::make_shared<LiveInstance>(std::move(containers)))
      .first->second;
}

}  // namespace clary::hosting
