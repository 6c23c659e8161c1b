// `clary host --plan FILE` on this machine: run_host with the system's clock, link, sandboxes,
// network and object store.
#pragma once

#include <string>

#include "base/logger.h"
#include "host/host_services.h"

namespace clary::host {

// Returns run_host's code, for exit(). Ends when the job has ended and is reported.
int run_system_host(const std::string& plan_path, const Logger& logger);

// Parts of it, for tests. clock, logger and ids outlive what is returned.
HostServices system_host_services(const Clock& clock, const Logger& logger, IdSource& ids);

}  // namespace clary::host
