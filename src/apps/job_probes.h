// What `clary doctor` looks at of jobs on this machine: the parts that run them, tried as a job
// would.
#pragma once

#include <string>

#include "cli/client_commands.h"

namespace clary::apps {

// Of the data directory's server: its settings choose the sandbox.
cli::Finding probe_sandbox(const std::string& data);
// A network of a job's own, without its way out.
cli::Finding probe_network(const std::string& data);
// The programs that start a job's host. PATH: this process's, which a server started here inherits.
cli::Finding probe_programs(const std::string& data);

}  // namespace clary::apps
