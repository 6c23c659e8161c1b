// pip's settings on this machine, for pip inside a sandbox, which sees none of its files.
// Thread-safe: no state.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compute/sandbox.h"
#include "hostlink/plan.h"

namespace clary::host {

// The settings as they stand, by variable or file: reading them costs nothing, asking pip half a
// second. Empty: this machine sets nothing.
std::map<std::string, std::string> pip_setting_texts(const hostlink::PlanInterpreter& interpreter);

// The machine's own as variables. What the job's environment says of pip is not among them: it must
// not decide what the sandbox shows. Asks the interpreter's pip when a setting's text has changed
// since its last answer, which is kept in <cache_folder>/pip-settings/ for every interpreter.
std::map<std::string, std::string> machine_pip_settings(
    const hostlink::PlanInterpreter& interpreter, const std::string& cache_folder);

// Local folders that the settings name must be there for pip inside the sandbox.
std::vector<compute::Mount> pip_setting_mounts(const std::map<std::string, std::string>& settings);

}  // namespace clary::host
