// What `clary doctor` looks at of jobs on this machine: the parts that run them, tried as a job
// would.
#pragma once

#include "cli/client_commands.h"

namespace clary::apps {

// Its settings choose the sandbox.
cli::Finding probe_sandbox(const cli::Site& site);
// A network of a job's own, without its way out.
cli::Finding probe_network(const cli::Site& site);
// The programs that start a job's host. PATH: this process's, which a server started here inherits.
cli::Finding probe_programs(const cli::Site& site);
// slirp4netns, where jobs look for it.
cli::Finding probe_way_out(const cli::Site& site);

}  // namespace clary::apps
