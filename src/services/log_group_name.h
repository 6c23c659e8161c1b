// Which log group a request means. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/names.h"
#include "services/service_error.h"

namespace clary::services {

// The group of an identifier: a name, or arn:aws:logs:REGION:ACCOUNT:log-group:NAME with or without
// `:*`.
LogGroup log_group_in(std::string_view identifier);

// By name or by identifier; InvalidParameterException unless exactly one is given.
Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier);

}  // namespace clary::services
