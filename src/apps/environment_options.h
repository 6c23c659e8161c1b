// Which interpreters a server, and a command beside it, has: its settings and the process's
// variables decide.
#pragma once

#include <map>
#include <string>

#include "apps/settings.h"
#include "runtime/environments.h"

namespace clary::apps {

// variables: of the process's environment.
runtime::EnvironmentsOptions environment_options(
    const Settings& settings, const std::map<std::string, std::string>& variables);

}  // namespace clary::apps
