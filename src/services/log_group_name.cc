#include "services/log_group_name.h"

namespace clary::services {

LogGroup log_group_in(std::string_view identifier) {
  constexpr std::string_view kMark = ":log-group:";
  const std::size_t at = identifier.find(kMark);
  if (identifier.starts_with("arn:") && at != identifier.npos) {
    identifier.remove_prefix(at + kMark.size());
    if (identifier.ends_with(":*")) identifier.remove_suffix(2);
  }
  return LogGroup(std::string(identifier));
}

Outcome<LogGroup> group_of(const std::optional<std::string>& name,
                           const std::optional<std::string>& identifier) {
  if (name.has_value() == identifier.has_value()) {
    return ServiceError(
        "InvalidParameterException",
        "You must include one of logGroupIdentifier or logGroupName, but not both.");
  }
  if (name) return LogGroup(*name);
  return log_group_in(*identifier);
}

}  // namespace clary::services
