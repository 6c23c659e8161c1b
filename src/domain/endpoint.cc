#include "domain/endpoint.h"

#include <algorithm>
#include <array>

namespace clary::domain {
namespace {

struct StatusName {
  EndpointStatus status;
  std::string_view name;
  int rank;  // kept in rows: leaves room for the statuses of AWS that are not told here
};

constexpr std::array<StatusName, 6> kStatusNames = {{
    {EndpointStatus::kCreating, "Creating", 1},
    {EndpointStatus::kDeleting, "Deleting", 2},
    {EndpointStatus::kFailed, "Failed", 3},
    {EndpointStatus::kInService, "InService", 4},
    {EndpointStatus::kRollingBack, "RollingBack", 6},
    {EndpointStatus::kUpdating, "Updating", 9},
}};

const StatusName& named(EndpointStatus status) {
  return *std::ranges::find(kStatusNames, status, &StatusName::status);
}

}  // namespace

std::string_view endpoint_status_name(EndpointStatus status) { return named(status).name; }

std::optional<EndpointStatus> endpoint_status_of(std::string_view name) {
  const auto found = std::ranges::find(kStatusNames, name, &StatusName::name);
  return found == kStatusNames.end() ? std::nullopt : std::optional(found->status);
}

int status_rank(EndpointStatus status) { return named(status).rank; }

EndpointVariant* serving_variant(Endpoint& endpoint, std::string_view name) {
  if (!endpoint.serving) return nullptr;
  for (EndpointVariant& variant : endpoint.serving->variants) {
    if (variant.asked.name == name) return &variant;
  }
  return nullptr;
}

void begin_scaling(Endpoint& endpoint) {
  endpoint.status = EndpointStatus::kUpdating;
  endpoint.failure_reason.clear();
}

}  // namespace clary::domain
