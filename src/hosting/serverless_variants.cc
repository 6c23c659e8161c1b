#include "hosting/serverless_variants.h"

#include <algorithm>

#include "hosting/endpoint_failure.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointVariant;

std::vector<VariantDemand> ServerlessVariants::demands(const Endpoint& endpoint, Duration now) {
  const std::uint64_t serving = endpoint.serving ? endpoint.serving->number : 0;
  std::erase_if(gates_, [&](const auto& one) {
    return std::get<0>(one.first) == endpoint.id && std::get<1>(one.first) != serving;
  });
  std::vector<VariantDemand> demands;
  if (!endpoint.serving) return demands;
  for (const EndpointVariant& variant : endpoint.serving->variants) {
    if (!variant.asked.serverless) continue;
    const int most = variant.asked.serverless->max_concurrency;
    auto& gate = gates_[{endpoint.id, serving, variant.asked.name}];
    if (gate == nullptr) gate = std::make_shared<CallGate>(most, now);
    gate->set_most(most);
    VariantDemand demand{.variant = variant.asked.name};
    if (gate->under_way() > 0) {
      demand.need = VariantNeed::kInstance;
    } else if (gate->idle(now) < patience_) {
      demand.need = VariantNeed::kWhatIsThere;
    }
    demands.push_back(std::move(demand));
  }
  return demands;
}

void ServerlessVariants::attach(const Endpoint& endpoint, std::span<const InstanceView> views,
                                LiveEndpoint& live) const {
  if (!endpoint.serving) return;
  for (LiveVariant& variant : live.variants) {
    const auto gate = gates_.find({endpoint.id, endpoint.serving->number, variant.name});
    if (gate == gates_.end()) continue;
    variant.gate = gate->second;
    for (const InstanceView& view : views) {
      const bool died = view.state == InstanceState::kBroken ||
                        (view.state == InstanceState::kEnded && !view.asked);
      if (!died || view.id.generation != endpoint.serving->number ||
          view.id.variant != variant.name || view.id.number <= variant.last_failed)
        continue;
      variant.last_failed = view.id.number;
      variant.failure = failure_of_container(view.id.variant, view.container, view.reason);
    }
  }
}

void ServerlessVariants::began(const std::string& endpoint_id, const InstanceId& instance,
                               Duration now) {
  begun_.insert_or_assign({endpoint_id, instance}, now);
}

std::vector<ServerlessVariants::Start> ServerlessVariants::started(
    const std::string& endpoint_id, std::span<const InstanceId> calls, Duration now) {
  std::vector<Start> starts;
  for (const InstanceId& id : calls) {
    const auto found = begun_.find({endpoint_id, id});
    if (found == begun_.end()) continue;
    starts.push_back({.variant = id.variant, .took = now - found->second});
    // Those before it have come to nothing.
    std::erase_if(begun_, [&](const auto& one) {
      const auto& [endpoint, instance] = one.first;
      return endpoint == endpoint_id && instance.generation == id.generation &&
             instance.variant == id.variant && instance.number <= id.number;
    });
  }
  return starts;
}

void ServerlessVariants::forget(const std::string& endpoint_id) {
  std::erase_if(gates_, [&](const auto& one) { return std::get<0>(one.first) == endpoint_id; });
  std::erase_if(begun_, [&](const auto& one) { return one.first.first == endpoint_id; });
}

void ServerlessVariants::clear() {
  gates_.clear();
  begun_.clear();
}

}  // namespace clary::hosting
