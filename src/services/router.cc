#include "services/router.h"

#include "api/services.h"
#include "base/check.h"

namespace clary::services {

void Router::add_endpoint(const wire::Operation& operation, Endpoint endpoint) {
  CLARY_CHECK(operation.carried_out);
  const bool added = endpoints_.emplace(&operation, std::move(endpoint)).second;
  CLARY_CHECK(added);
}

const Endpoint* Router::find(const wire::Operation& operation) const {
  const auto at = endpoints_.find(&operation);
  return at == endpoints_.end() ? nullptr : &at->second;
}

std::vector<std::string> Router::missing() const {
  std::vector<std::string> names;
  for (const wire::Service* service : api::services()) {
    for (const wire::Operation& operation : service->operations) {
      if (operation.carried_out && find(operation) == nullptr) {
        names.push_back(std::string(service->name) + ' ' + std::string(operation.name));
      }
    }
  }
  return names;
}

}  // namespace clary::services
