#include "services/log_group_name.h"

#include <string_view>

namespace clary::services {

Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier) {
  if (name.has_value() == identifier.has_value()) {
    return ServiceError(
        "InvalidParameterException",
        "You must include one of logGroupIdentifier or logGroupName, but not both.");
  }
  if (name) return LogGroup(*name);
  std::string_view group = *identifier;
  constexpr std::string_view kMark = ":log-group:";
  if (const std::size_t at = group.find(kMark); group.starts_with("arn:") && at != group.npos) {
    group.remove_prefix(at + kMark.size());
    if (group.ends_with(":*")) group.remove_suffix(2);
  }
  return LogGroup(std::string(group));
}

}  // namespace clary::services
