// The job's own network, and the server's address inside it.
#include "host/steps.h"

namespace clary::host {

Status make_network(HostContext& context) {
  Result<std::unique_ptr<HostNetwork>> made = context.services.make_network(context.plan);
  if (!made.ok()) return made.error().within("network of the job");
  context.network = std::move(made).value();
  if (context.network->server_listener().valid()) {
    CLARY_RETURN_IF_ERROR(context.link->offer_listener(context.network->server_listener()));
  }
  return {};
}

Status settle_network(HostContext& context) {
  for (const std::string& lack : context.network->settle()) context.notice(lack);
  return {};
}

}  // namespace clary::host
