// CloudWatch Logs: the tags of its groups, by ARN and, as before 2022, by name. Thread-safe.
#pragma once

#include "api/log_group_tags.h"
#include "services/call_context.h"
#include "services/router.h"
#include "services/service_error.h"
#include "telemetry/log_groups.h"

namespace clary::services {

// InvalidParameterException: a key that begins with "aws:", which are AWS's own.
std::optional<ServiceError> check_log_tags(const telemetry::LogTags& tags);

class LogGroupTags {
 public:
  // groups outlives it.
  explicit LogGroupTags(telemetry::LogGroups& groups) : groups_(groups) {}
  void add_to(Router& router);

  // TooManyTagsException above 50.
  Outcome<api::TagResource::Reply> tag(const api::TagResource::Request& request,
                                       const CallContext& context);
  Outcome<api::UntagResource::Reply> untag(const api::UntagResource::Request& request,
                                           const CallContext& context);
  Outcome<api::ListTagsForResource::Reply> list(const api::ListTagsForResource::Request& request,
                                                const CallContext& context);

  // InvalidParameterException above 50.
  Outcome<api::TagLogGroup::Reply> tag_group(const api::TagLogGroup::Request& request,
                                             const CallContext& context);
  Outcome<api::UntagLogGroup::Reply> untag_group(const api::UntagLogGroup::Request& request,
                                                 const CallContext& context);
  Outcome<api::ListTagsLogGroup::Reply> list_group(const api::ListTagsLogGroup::Request& request,
                                                   const CallContext& context);

 private:
  telemetry::LogGroups& groups_;
};

}  // namespace clary::services
