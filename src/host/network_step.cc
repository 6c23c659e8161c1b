// The job's own network, and the server's address inside it.
#include "host/steps.h"

namespace clary::host {

Status make_network(HostContext& context) {
  Result<std::unique_ptr<HostNetwork>> made = context.services.make_network(context.plan);
  if (!made.ok()) return made.error().within("network of the job");
  context.network = std::move(made).value();
  for (const std::string& lack : context.network->lacks()) context.notice(lack);
  if (context.network->server_listener().valid()) {
    CLARY_RETURN_IF_ERROR(context.link->offer_listener(context.network->server_listener()));
  }
  return {};
}

}  // namespace clary::host
