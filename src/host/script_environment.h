// The script's environment, from the plan and what the machine is: the bridge between the context
// and the pure contract.
#pragma once

#include <string>
#include <vector>

#include "host/container_files.h"
#include "host/host_context.h"
#include "host/training_environment.h"

namespace clary::host {

// base_folder: where the script finds its job folder.
Result<ToolkitInput> toolkit_input(const HostContext& context, const std::string& base_folder);

// The interpreter's sys.path with `folders` before its site packages: what they hold adds to the
// environment, and shadows nothing of the standard library.
std::vector<std::string> with_site_folders(std::vector<std::string> sys_path,
                                           const std::vector<std::string>& folders);

}  // namespace clary::host
