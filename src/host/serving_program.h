// The model server of a serving job or a transform job: what its sandbox shows of the machine, what
// it is told, and the command that starts it. It is this program itself, under another name.
//
// It listens at a path relative to its working folder: paths of Unix sockets are short.
// Source: contract.md 7.1, 7.2.
#pragma once

#include <string>
#include <vector>

#include "compute/sandbox.h"
#include "host/host_context.h"
#include "host/training_environment.h"

namespace clary::host {

// The host's program is a model server, not the user's own.
inline bool runs_model_server(const hostlink::HostPlan& plan) {
  return plan.kind == "serving" || plan.kind == "transform";
}

// The folder of its socket and of what it unpacks, on this machine: anew and empty, its own alone.
Status make_serving_folder(const HostContext& context);
// That folder and the program. None where the sandbox shows the machine as it is.
std::vector<compute::Mount> serving_mounts(const HostContext& context);
// Where the program finds that folder.
std::string serving_folder_inside(const HostContext& context);

// base_folder: where the program finds the job folder.
std::vector<std::string> serving_command(const HostContext& context,
                                         const std::string& base_folder);
// With the code and what it requires on the workers' sys.path.
Variables serving_variables(const HostContext& context, const ToolkitInput& input);

}  // namespace clary::host
