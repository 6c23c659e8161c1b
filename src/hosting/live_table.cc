#include "hosting/live_table.h"

#include "base/strings.h"
#include "hosting/live_sentences.h"

namespace clary::hosting {

Status check_takes_calls(const LiveEndpoint& endpoint) {
  using domain::EndpointStatus;
  if (endpoint.status == EndpointStatus::kInService ||
      endpoint.status == EndpointStatus::kUpdating ||
      endpoint.status == EndpointStatus::kRollingBack)
    return {};
  return invalid_argument(quoted(endpoint.name) + " takes no calls while it is " +
                          std::string(domain::endpoint_status_name(endpoint.status)) + ".");
}

Result<const LiveEndpoint*> find_live(const LiveTable* table, const EndpointName& endpoint) {
  if (table == nullptr)
    return unavailable(quoted(endpoint) + " is not looked after yet; try again soon");
  const auto found = table->find(to_lower(endpoint.value()));
  if (found == table->end()) return not_found(quoted(endpoint) + " not found.");
  return &found->second;
}

}  // namespace clary::hosting
