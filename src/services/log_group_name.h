// Which log group a request means. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/names.h"
#include "services/service_error.h"

namespace clary::services {

// By name, or by an ARN (arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with or without `:*`) or name
// as identifier; InvalidParameterException unless exactly one is given.
Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier);

}  // namespace clary::services
