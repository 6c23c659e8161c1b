#include "services/log_group_tags.h"

#include <string_view>

#include "services/log_group_name.h"

namespace clary::services {
namespace {

// The group of an ARN. Destinations have tags too, but there are none here.
Outcome<LogGroup> group_at(const std::string& arn, const CallContext& context) {
  if (!arn.starts_with("arn:"))
    return invalid_parameter("The resourceArn '" + arn + "' is not an ARN.");
  LogGroupPlace place = log_group_at(arn, context);
  if (place.group.value() == arn)  // it could not be read as that of a group
    return ServiceError(not_found("The specified resource does not exist."));
  if (!place.is_here(context)) return ServiceError(telemetry::no_group());
  return std::move(place.group);
}

// too_many: the code for more tags than a group may have.
std::optional<ServiceError> add(telemetry::LogGroups& groups, const LogGroup& group,
                                const telemetry::LogTags& tags, const char* too_many) {
  if (auto wrong = check_log_tags(tags)) return wrong;
  const Status done = groups.add_tags(group, tags);
  if (done.ok()) return std::nullopt;
  if (done.error().code == ErrorCode::kLimitExceeded)
    return ServiceError(too_many, done.error().message);
  return ServiceError(done.error());
}

}  // namespace

std::optional<ServiceError> check_log_tags(const telemetry::LogTags& tags) {
  for (const auto& [key, value] : tags) {
    if (key.starts_with("aws:"))
      return invalid_parameter("aws: prefixed tag key names are not allowed for external use.");
  }
  return std::nullopt;
}

Outcome<api::TagResource::Reply> LogGroupTags::tag(const api::TagResource::Request& request,
                                                   const CallContext& context) {
  CLARY_TRY(const LogGroup group, group_at(request.resource_arn, context));
  if (auto wrong = add(groups_, group, request.tags, "TooManyTagsException")) return *wrong;
  return api::TagResource::Reply{};
}

Outcome<api::UntagResource::Reply> LogGroupTags::untag(const api::UntagResource::Request& request,
                                                       const CallContext& context) {
  CLARY_TRY(const LogGroup group, group_at(request.resource_arn, context));
  CLARY_RETURN_IF_ERROR(groups_.remove_tags(group, request.tag_keys));
  return api::UntagResource::Reply{};
}

Outcome<api::ListTagsForResource::Reply> LogGroupTags::list(
    const api::ListTagsForResource::Request& request, const CallContext& context) {
  CLARY_TRY(const LogGroup group, group_at(request.resource_arn, context));
  CLARY_TRY(telemetry::LogTags tags, groups_.tags(group));
  return api::ListTagsForResource::Reply{.tags = std::move(tags)};
}

Outcome<api::TagLogGroup::Reply> LogGroupTags::tag_group(const api::TagLogGroup::Request& request,
                                                         const CallContext&) {
  const LogGroup group(request.log_group_name);
  if (auto wrong = add(groups_, group, request.tags, "InvalidParameterException")) return *wrong;
  return api::TagLogGroup::Reply{};
}

Outcome<api::UntagLogGroup::Reply> LogGroupTags::untag_group(
    const api::UntagLogGroup::Request& request, const CallContext&) {
  CLARY_RETURN_IF_ERROR(groups_.remove_tags(LogGroup(request.log_group_name), request.tags));
  return api::UntagLogGroup::Reply{};
}

Outcome<api::ListTagsLogGroup::Reply> LogGroupTags::list_group(
    const api::ListTagsLogGroup::Request& request, const CallContext&) {
  CLARY_TRY(telemetry::LogTags tags, groups_.tags(LogGroup(request.log_group_name)));
  return api::ListTagsLogGroup::Reply{.tags = std::move(tags)};
}

void LogGroupTags::add_to(Router& router) {
  router.add<api::TagResource>(*this, &LogGroupTags::tag);
  router.add<api::UntagResource>(*this, &LogGroupTags::untag);
  router.add<api::ListTagsForResource>(*this, &LogGroupTags::list);
  router.add<api::TagLogGroup>(*this, &LogGroupTags::tag_group);
  router.add<api::UntagLogGroup>(*this, &LogGroupTags::untag_group);
  router.add<api::ListTagsLogGroup>(*this, &LogGroupTags::list_group);
}

}  // namespace clary::services
