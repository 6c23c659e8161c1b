// `clary host --plan FILE`: the program beside the user's code; started by a back-end, not by
// people.
#pragma once

namespace clary::apps {

// Returns the exit code of host::run_host.
int run_host_command(int argc, char** argv);

}  // namespace clary::apps
