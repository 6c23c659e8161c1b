// LiveEndpoints: what calls that are answered later need of it.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "hosting/live_endpoints.h"
#include "hosting/live_sentences.h"

namespace clary::hosting {

namespace {

Result<AsyncRules> async_rules_of(const LiveEndpoint& endpoint) {
  CLARY_RETURN_IF_ERROR(check_takes_calls(endpoint));
  const auto open = std::ranges::find(endpoint.variants, false, &LiveVariant::shadow);
  if (endpoint.async == nullptr || open == endpoint.variants.end()) {
    return invalid_argument(quoted(endpoint.name) +
                            " has no AsyncInferenceConfig: it takes no asynchronous calls.");
  }
  AsyncRules rules{.endpoint = endpoint.name, .endpoint_id = endpoint.id, .rules = *endpoint.async};
  rules.variant = open->name;
  rules.role = open->role;
  for (const LiveVariant& variant : endpoint.variants) {
    if (!variant.shadow) rules.instances += static_cast<int>(variant.instances.size());
  }
  return rules;
}

}  // namespace

Result<AsyncRules> LiveEndpoints::async_rules(const EndpointName& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const LiveEndpoint* const endpoint, find_live(table_.get(), name));
  return async_rules_of(*endpoint);
}

std::vector<AsyncRules> LiveEndpoints::all_async_rules() {
  std::vector<AsyncRules> all;
  MutexLock lock(mutex_);
  if (table_ == nullptr) return all;
  for (const auto& [name, endpoint] : *table_) {
    if (endpoint.async == nullptr) continue;
    if (auto rules = async_rules_of(endpoint); rules.ok()) all.push_back(std::move(rules).value());
  }
  return all;
}

void LiveEndpoints::abort() {
  std::vector<std::shared_ptr<LiveInstance>> instances;
  {
    MutexLock lock(mutex_);
    aborted_ = true;
    for (const auto& known : known_) {
      if (auto instance = known.lock()) instances.push_back(std::move(instance));
    }
  }
  changed_.notify_all();
  for (const auto& instance : instances) {
    for (const LiveContainer& container : instance->containers()) container.link->abort();
  }
}

}  // namespace clary::hosting
