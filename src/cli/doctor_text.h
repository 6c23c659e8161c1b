// The doctor's findings as text and JSON. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/document.h"
#include "cli/client_commands.h"
#include "cli/terminal.h"

namespace clary::cli {

// Members of requests that are taken and have no effect, with the reason:
// "ResourceConfig.VolumeKmsKeyId"; only "RequestPayer" where several requests have it for the same
// reason.
std::vector<std::pair<std::string, std::string>> members_without_effect();

std::string findings_text(const std::vector<Finding>& findings, const Terminal& terminal);
Document findings_document(const std::vector<Finding>& findings);

}  // namespace clary::cli
