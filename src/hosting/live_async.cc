// LiveEndpoints: what calls that are answered later need of it.
#include <algorithm>

#include "base/strings.h"
#include "hosting/live_endpoints.h"

namespace clary::hosting {

Result<AsyncRules> LiveEndpoints::async_rules(const EndpointName& name) {
  MutexLock lock(mutex_);
  const std::string called = "Endpoint '" + name.value() + "'";
  if (table_ == nullptr) return unavailable(called + " is not looked after yet; try again soon");
  const auto found = table_->find(to_lower(name.value()));
  if (found == table_->end()) return not_found(called + " not found.");
  const LiveEndpoint& endpoint = found->second;
  CLARY_RETURN_IF_ERROR(check_takes_calls(endpoint));
  const auto open = std::ranges::find(endpoint.variants, false, &LiveVariant::shadow);
  if (endpoint.async == nullptr || open == endpoint.variants.end()) {
    return invalid_argument(called +
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

void LiveEndpoints::abort() {
  std::shared_ptr<const LiveTable> table;
  {
    MutexLock lock(mutex_);
    table = table_;
  }
  if (table == nullptr) return;
  for (const auto& [name, endpoint] : *table) {
    for (const LiveVariant& variant : endpoint.variants) {
      for (const auto& instance : variant.instances) {
        for (const LiveContainer& container : instance->containers()) container.link->abort();
      }
    }
  }
}

}  // namespace clary::hosting
