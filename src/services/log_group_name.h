// Which log group a request means, and how CloudWatch Logs refuses one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/names.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

// A rule that the model does not state.
inline ServiceError invalid_parameter(std::string message) {
  return {"InvalidParameterException", std::move(message)};
}

struct LogGroupPlace {
  Region region;
  AccountId account;
  LogGroup group;
  std::string partition = "aws";

  std::string arn() const;  // "arn:PARTITION:logs:REGION:ACCOUNT:log-group:NAME"
  // Whether its groups are kept here: of the caller's region and account, in the partition `aws`.
  bool is_here(const CallContext& context) const;
};

// The group of an identifier: a name, which is the caller's own, or its ARN with or without `:*`.
LogGroupPlace log_group_at(std::string_view identifier, const CallContext& context);

// By name or by identifier; InvalidParameterException unless exactly one is given. NotFound: an ARN
// of another account, region or partition, whose groups are not kept here.
Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier,
                           const CallContext& context);

}  // namespace clary::services
