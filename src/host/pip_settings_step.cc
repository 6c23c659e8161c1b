// pip's settings on this machine, for a program of the job's own, which may install what it needs.
#include "host/pip_settings.h"
#include "host/steps.h"

namespace clary::host {

Status read_pip_settings(HostContext& context) {
  if (context.plan.container_command.empty()) return {};
  context.pip_settings = machine_pip_settings(context.plan.interpreter, context.plan.cache_folder);
  return {};
}

}  // namespace clary::host
