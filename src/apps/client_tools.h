// What the person's commands (cli/) need of the other folders.
#pragma once

#include "base/clock.h"
#include "cli/client_commands.h"

namespace clary::apps {

// clock outlives the tools.
cli::Tools client_tools(const Clock& clock);

}  // namespace clary::apps
