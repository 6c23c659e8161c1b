#include "services/log_group_name.h"

#include <vector>

#include "base/strings.h"
#include "telemetry/log_groups.h"

namespace clary::services {

std::string LogGroupPlace::arn() const {
  return "arn:" + partition + ":logs:" + region.value() + ':' + account.value() +
         ":log-group:" + group.value();
}

bool LogGroupPlace::is_here(const CallContext& context) const {
  return partition == "aws" && region == context.region && account == context.account;
}

LogGroupPlace log_group_at(std::string_view identifier, const CallContext& context) {
  constexpr std::string_view kMark = ":log-group:";
  const std::size_t at = identifier.find(kMark);
  // "arn", partition, "logs", region, account
  const std::vector<std::string_view> place = split(identifier.substr(0, at), ':');
  if (at == identifier.npos || place.size() != 5 || place[0] != "arn" || place[2] != "logs")
    return {context.region, context.account, LogGroup(std::string(identifier))};
  identifier.remove_prefix(at + kMark.size());
  if (identifier.ends_with(":*")) identifier.remove_suffix(2);
  return {Region(std::string(place[3])), AccountId(std::string(place[4])),
          LogGroup(std::string(identifier)), std::string(place[1])};
}

Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier,
                           const CallContext& context) {
  if (name.has_value() == identifier.has_value()) {
    return invalid_parameter(
        "You must include one of logGroupIdentifier or logGroupName, but not both.");
  }
  if (name) return LogGroup(*name);
  LogGroupPlace place = log_group_at(*identifier, context);
  if (!place.is_here(context)) return ServiceError(telemetry::no_group());
  return std::move(place.group);
}

}  // namespace clary::services
