#include "services/log_group_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_encoding.h"
#include "base/time_text.h"
#include "services/log_group_name.h"
#include "services/log_group_tags.h"

namespace clary::services {
namespace {

constexpr std::size_t kDefaultGroups = 50;
// Source: API reference of PutLogEvents.
constexpr std::size_t kMostBatchBytes = 1'048'576;
constexpr std::size_t kBytesBesideEach = 26;
constexpr std::int64_t kDayMs = 86'400'000;  // and the longest span of a batch's valid events
constexpr std::int64_t kOldestMs = 14 * kDayMs;
constexpr std::int64_t kNewestMs = 2 * 3'600'000;
constexpr std::int64_t kRetentionDays[] = {1,    3,    5,    7,    14,   30,  60,  90,
                                           120,  150,  180,  365,  400,  545, 731, 1096,
                                           1827, 2192, 2557, 2922, 3288, 3653};

template <typename Reply>
Outcome<Reply> reply_of(const Status& done) {
  if (!done.ok()) return done.error();
  return Reply{};
}

// What is wrong with a batch as a whole.
std::optional<ServiceError> check_batch(const std::vector<api::InputLogEvent>& events) {
  std::size_t bytes = 0;
  for (const api::InputLogEvent& event : events) bytes += event.message.size() + kBytesBesideEach;
  if (bytes > kMostBatchBytes)
    return invalid_parameter(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMostBatchBytes));
  if (!std::ranges::is_sorted(events, {}, &api::InputLogEvent::timestamp)) {
    return invalid_parameter(
        "Log events in a single PutLogEvents request must be in chronological order.");
  }
  return std::nullopt;
}

}  // namespace

Outcome<api::CreateLogGroup::Reply> LogGroupCalls::create(
    const api::CreateLogGroup::Request& request, const CallContext&) {
  const telemetry::LogTags tags = request.tags.value_or(telemetry::LogTags());
  if (auto wrong = check_log_tags(tags)) return *wrong;
  return reply_of<api::CreateLogGroup::Reply>(
      groups_.create(LogGroup(request.log_group_name), tags));
}

Outcome<api::DeleteLogGroup::Reply> LogGroupCalls::remove(
    const api::DeleteLogGroup::Request& request, const CallContext&) {
  return reply_of<api::DeleteLogGroup::Reply>(groups_.remove(LogGroup(request.log_group_name)));
}

Outcome<api::PutRetentionPolicy::Reply> LogGroupCalls::keep_for(
    const api::PutRetentionPolicy::Request& request, const CallContext& context) {
  if (std::ranges::find(kRetentionDays, request.retention_in_days) ==
      std::ranges::end(kRetentionDays)) {
    return invalid_parameter(fmt::format(
        "Invalid retentionInDays {}: one of [{}] is expected.", request.retention_in_days,
        "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "
        "2922, 3288, 3653"));
  }
  CLARY_RETURN_IF_ERROR(
      groups_.set_retention(LogGroup(request.log_group_name), request.retention_in_days));
  return reply_of<api::PutRetentionPolicy::Reply>(groups_.expire(context.now));
}

Outcome<api::DeleteRetentionPolicy::Reply> LogGroupCalls::keep_for_ever(
    const api::DeleteRetentionPolicy::Request& request, const CallContext&) {
  return reply_of<api::DeleteRetentionPolicy::Reply>(
      groups_.set_retention(LogGroup(request.log_group_name), std::nullopt));
}

Outcome<api::DescribeLogGroups::Reply> LogGroupCalls::describe(
    const api::DescribeLogGroups::Request& request, const CallContext& context) {
  if (request.log_group_name_prefix && request.log_group_name_pattern) {
    return invalid_parameter("logGroupNamePrefix and logGroupNamePattern exclude each other.");
  }
  std::string after;
  if (request.next_token) {
    const Result<std::string> name = hex_decode(*request.next_token);
    if (!name.ok()) return invalid_parameter("The specified nextToken is invalid.");
    after = *name;
  }
  const auto limit = static_cast<std::size_t>(request.limit.value_or(kDefaultGroups));
  const std::string pattern = request.log_group_name_pattern.value_or("");
  // A pattern may stand anywhere in a name: every group is looked at.
  CLARY_TRY(std::vector<telemetry::GroupSummary> groups,
            groups_.list(request.log_group_name_prefix.value_or(""), after,
                         pattern.empty() ? limit + 1 : std::size_t{1} << 20));
  std::erase_if(groups, [&pattern](const telemetry::GroupSummary& group) {
    return group.name.value().find(pattern) == std::string::npos;
  });
  api::DescribeLogGroups::Reply reply;
  if (groups.size() > limit) {
    groups.resize(limit);
    reply.next_token = hex_encode(groups.back().name.value());
  }
  std::vector<api::LogGroup>& listed = reply.log_groups.emplace();
  for (const telemetry::GroupSummary& group : groups) {
    api::LogGroup one;
    one.log_group_name = group.name.value();
    one.creation_time = group.created_ms;
    one.retention_in_days = group.retention_days;
    one.metric_filter_count = 0;
    const LogGroupPlace place{context.region, context.account, group.name};
    one.arn = place.arn() + ":*";
    one.stored_bytes = static_cast<std::int64_t>(group.stored_bytes);
    one.log_group_class = "STANDARD";
    one.log_group_arn = place.arn();
    listed.push_back(std::move(one));
  }
  return reply;
}

Outcome<api::CreateLogStream::Reply> LogGroupCalls::create_stream(
    const api::CreateLogStream::Request& request, const CallContext&) {
  const LogGroup group(request.log_group_name);
  const LogStream stream(request.log_stream_name);
  // The group must be there, and a stream of this very name must not.
  CLARY_TRY(const std::vector<telemetry::StreamSummary> same,
            store_.streams(group, request.log_stream_name, "", 1));
  if (!same.empty() && same.front().name == stream)
    return ServiceError(already_exists("The specified log stream already exists"));
  return reply_of<api::CreateLogStream::Reply>(store_.create_stream(group, stream));
}

Outcome<api::PutLogEvents::Reply> LogGroupCalls::put_events(
    const api::PutLogEvents::Request& request, const CallContext& context) {
  if (auto refused = check_batch(request.log_events)) return *refused;
  const LogGroup group(request.log_group_name);
  CLARY_TRY(const std::optional<std::int64_t> kept_days, groups_.retention(group));
  const std::int64_t now_ms = to_epoch_milliseconds(context.now);
  const std::vector<api::InputLogEvent>& events = request.log_events;
  const auto first_at = [&events](std::int64_t time_ms) {
    return std::ranges::lower_bound(events, time_ms, {}, &api::InputLogEvent::timestamp);
  };
  const auto not_too_old = first_at(now_ms - kOldestMs);
  const auto kept = kept_days ? first_at(now_ms - *kept_days * kDayMs) : events.begin();
  const auto first = std::max(not_too_old, kept);
  const auto last = first_at(now_ms + kNewestMs + 1);
  if (first < last && std::prev(last)->timestamp - first->timestamp > kDayMs) {
    return invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  std::vector<telemetry::TimedLine> lines;
  for (auto event = first; event < last; ++event)
    lines.push_back({.timestamp_ms = event->timestamp, .message = event->message});
  CLARY_RETURN_IF_ERROR(store_.append_timed(group, LogStream(request.log_stream_name), lines));
  api::PutLogEvents::Reply reply;
  reply.next_sequence_token = std::to_string(now_ms);  // nothing is checked against it any more
  if (first == events.begin() && last == events.end()) return reply;
  api::RejectedLogEventsInfo& rejected = reply.rejected_log_events_info.emplace();
  if (not_too_old != events.begin())
    rejected.too_old_log_event_end_index = not_too_old - events.begin();
  if (kept > not_too_old) rejected.expired_log_event_end_index = kept - events.begin();
  if (last != events.end()) rejected.too_new_log_event_start_index = last - events.begin();
  return reply;
}

void LogGroupCalls::add_to(Router& router) {
  router.add<api::CreateLogGroup>(*this, &LogGroupCalls::create);
  router.add<api::DeleteLogGroup>(*this, &LogGroupCalls::remove);
  router.add<api::DescribeLogGroups>(*this, &LogGroupCalls::describe);
  router.add<api::PutRetentionPolicy>(*this, &LogGroupCalls::keep_for);
  router.add<api::DeleteRetentionPolicy>(*this, &LogGroupCalls::keep_for_ever);
  router.add<api::CreateLogStream>(*this, &LogGroupCalls::create_stream);
  router.add<api::PutLogEvents>(*this, &LogGroupCalls::put_events);
}

}  // namespace clary::services
