// LiveEndpoints: serverless variants, who may call them and what of them is there.
#include <algorithm>

#include "hosting/live_endpoints.h"
#include "hosting/live_sentences.h"

namespace clary::hosting {

Status LiveEndpoints::enter_gate(const LiveVariant& variant, Wish& wish) {
  if (variant.gate.get() == wish.pass.gate()) return {};
  wish.pass = GatePass();
  if (variant.gate == nullptr) return {};
  if (!variant.gate->enter()) {
    return limit_exceeded("The variant '" + variant.name + "' of " + quoted(wish.call.endpoint) +
                          " has as many calls under way as its MaxConcurrency allows; try again.");
  }
  wish.pass = GatePass(variant.gate, clock_);
  wish.failed_before = variant.last_failed;
  return {};
}

std::optional<VariantSight> LiveEndpoints::sight(const EndpointName& name,
                                                 const std::string& variant) {
  MutexLock lock(mutex_);
  const auto endpoint = find_live(table_.get(), name);
  if (!endpoint.ok()) return std::nullopt;
  const auto& variants = (*endpoint)->variants;
  const auto one = std::ranges::find(variants, variant, &LiveVariant::name);
  if (one == variants.end()) return std::nullopt;
  return VariantSight{.instances = static_cast<int>(one->instances.size()),
                      .starting = one->coming};
}

}  // namespace clary::hosting
