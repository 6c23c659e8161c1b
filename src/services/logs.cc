#include "services/logs.h"

#include <algorithm>
#include <limits>

#include "base/text_encoding.h"
#include "services/log_group_name.h"

namespace clary::services {
namespace {

using telemetry::StreamSummary;

constexpr std::size_t kDefaultStreams = 50;
constexpr std::size_t kDefaultEvents = 10'000;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

// A page's token is the name of its last stream.
std::string token_after(const StreamSummary& stream) { return hex_encode(stream.name.value()); }
Outcome<std::string> name_in(const std::optional<std::string>& token) {
  if (!token) return std::string();
  auto name = hex_decode(*token);
  if (!name.ok() || name->empty()) {
    return invalid_parameter("The specified nextToken is invalid.");
  }
  return std::move(name).value();
}

api::LogStream to_wire(const StreamSummary& stream, const LogGroup& group,
                       const CallContext& context) {
  return {.log_stream_name = stream.name.value(),
          .creation_time = stream.created_ms,
          .first_event_timestamp = stream.first_event_ms,
          .last_event_timestamp = stream.last_event_ms,
          .last_ingestion_time = stream.last_ingestion_ms,
          .arn = LogGroupPlace{context.region, context.account, group}.arn() +
                 ":log-stream:" + stream.name.value(),
          .stored_bytes = 0};
}

// Sorts as asked and drops what earlier pages had, up to and including the stream `after`.
void order(std::vector<StreamSummary>& streams, bool by_time, bool descending,
           const std::string& after) {
  if (by_time) {
    std::ranges::sort(streams, {}, [](const StreamSummary& stream) {
      return std::pair(stream.last_event_ms.value_or(0), stream.name);
    });
  }
  if (descending) std::ranges::reverse(streams);
  if (after.empty()) return;
  const auto last = std::ranges::find(streams, LogStream(after), &StreamSummary::name);
  if (last != streams.end()) streams.erase(streams.begin(), last + 1);
}

}  // namespace

void Logs::add_to(Router& router) {
  router.add<api::DescribeLogStreams>(*this, &Logs::describe_streams);
  router.add<api::GetLogEvents>(*this, &Logs::get_events);
}

Outcome<api::DescribeLogStreamsResponse> Logs::describe_streams(
    const api::DescribeLogStreamsRequest& request, const CallContext& context) {
  CLARY_TRY(const LogGroup group,
            group_of(request.log_group_name, request.log_group_identifier, context));
  const std::string prefix = request.log_stream_name_prefix.value_or("");
  const bool by_time = request.order_by == "LastEventTime";
  const bool descending = request.descending.value_or(false);
  if (by_time && !prefix.empty()) {
    return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  CLARY_TRY(const std::string after, name_in(request.next_token));
  const auto limit = static_cast<std::size_t>(request.limit.value_or(kDefaultStreams));

  // The store's own order needs no more than the page; every other needs all.
  const bool stored_order = !by_time && !descending;
  CLARY_TRY(std::vector<StreamSummary> streams,
            stored_order ? store_.streams(group, prefix, after, limit + 1)
                         : store_.streams(group, prefix, "", kAll));
  if (!stored_order) order(streams, by_time, descending, after);
  api::DescribeLogStreamsResponse reply;
  if (streams.size() > limit) {
    streams.resize(limit);
    reply.next_token = token_after(streams.back());
  }
  std::vector<api::LogStream>& listed = reply.log_streams.emplace();
  for (const StreamSummary& stream : streams) listed.push_back(to_wire(stream, group, context));
  return reply;
}

Outcome<api::GetLogEventsResponse> Logs::get_events(const api::GetLogEventsRequest& request,
                                                    const CallContext& context) {
  CLARY_TRY(const LogGroup group,
            group_of(request.log_group_name, request.log_group_identifier, context));
  CLARY_TRY(
      telemetry::EventsPage page,
      store_.events({.group = group,
                     .stream = LogStream(request.log_stream_name),
                     .start_ms = request.start_time,
                     .end_ms = request.end_time,
                     .from_head = request.start_from_head.value_or(false),
                     .token = request.next_token.value_or(""),
                     .limit = static_cast<std::size_t>(request.limit.value_or(kDefaultEvents))}));
  api::GetLogEventsResponse reply{.next_forward_token = std::move(page.forward_token),
                                  .next_backward_token = std::move(page.backward_token)};
  std::vector<api::OutputLogEvent>& events = reply.events.emplace();
  events.reserve(page.events.size());
  for (telemetry::LogEvent& event : page.events) {
    events.push_back({.timestamp = event.timestamp_ms,
                      .message = std::move(event.message),
                      .ingestion_time = event.ingestion_ms});
  }
  return reply;
}

}  // namespace clary::services
