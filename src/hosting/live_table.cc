#include "hosting/live_table.h"

namespace clary::hosting {

Status check_takes_calls(const LiveEndpoint& endpoint) {
  using domain::EndpointStatus;
  if (endpoint.status == EndpointStatus::kInService ||
      endpoint.status == EndpointStatus::kUpdating ||
      endpoint.status == EndpointStatus::kRollingBack)
    return {};
  return invalid_argument("Endpoint '" + endpoint.name.value() + "' takes no calls while it is " +
                          std::string(domain::endpoint_status_name(endpoint.status)) + ".");
}

}  // namespace clary::hosting
