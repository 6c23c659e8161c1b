// The sandbox of a job host, for its script and for the installation of what the script requires.
#pragma once

#include <string_view>

#include "compute/sandbox.h"
#include "host/host_context.h"

namespace clary::host {

// name: of the sandbox's own folder. Without channels, GPUs and requirements.
compute::SandboxSpec sandbox_spec(const HostContext& context, std::string_view name);

// Why there is none, for the job's owner.
Error no_sandbox(const Error& reason);

}  // namespace clary::host
