#include "services/logs_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <queue>

#include "base/strings.h"
#include "services/log_group_name.h"
#include "telemetry/log_filter.h"

namespace clary::services {
namespace {

using telemetry::LogEvent;

constexpr std::size_t kMostEvents = 10'000;
constexpr std::size_t kMostPageBytes = std::size_t{1} << 20;
constexpr std::size_t kMostLookedAt = 100'000;
constexpr std::uint64_t kMostSteps = 20'000'000;
constexpr std::size_t kBuffered = 20'000;  // events, over all streams

// Where a page ended: so many events of this time and stream had been looked at. Pages go by time,
// then by the stream's name, then by arrival; an event that comes later at a place before this one
// is not of the pages that follow.
struct Position {
  std::int64_t time_ms = 0;
  std::int64_t looked_at = 0;
  std::string stream;  // "": before all
};

std::string token_of(const Position& position) {
  return fmt::format("{}/{}/{}", position.time_ms, position.looked_at, position.stream);
}

Outcome<Position> position_of(const std::string& token) {
  const std::vector<std::string_view> parts = split(token, '/');
  const auto time = parts.size() > 2 ? parse_int(parts[0]) : std::nullopt;
  const auto count = parts.size() > 2 ? parse_int(parts[1]) : std::nullopt;
  if (!time || !count || *time < 0 || *count < 0)
    return invalid_parameter("The specified nextToken is invalid.");
  // A stream's name may have slashes of its own.
  return Position{*time, *count, token.substr(parts[0].size() + parts[1].size() + 2)};
}

// One stream's events from a time on, page by page.
class StreamReader {
 public:
  StreamReader(telemetry::LogStore& store, telemetry::EventsRequest request)
      : store_(store), request_(std::move(request)) {}

  const LogStream& stream() const { return request_.stream; }
  // nullptr at the end.
  Result<const LogEvent*> peek() {
    if (at_ == page_.events.size() && !ended_) {
      CLARY_TRY(page_, store_.events(request_));
      at_ = 0;
      ended_ = page_.events.empty();
      request_.token = page_.forward_token;
    }
    return ended_ ? nullptr : &page_.events[at_];
  }
  LogEvent take() { return std::move(page_.events[at_++]); }

 private:
  telemetry::LogStore& store_;
  telemetry::EventsRequest request_;
  telemetry::EventsPage page_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Unique within a group: time, stream, and which of the events of that time it is.
std::string event_id(const LogEvent& event, const LogStream& stream, std::int64_t number) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : stream.value()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return fmt::format("{:020}{:020}{:016}", event.timestamp_ms, hash, number);
}

}  // namespace

Outcome<std::vector<LogStream>> LogsFilter::streams_of(
    const LogGroup& group, const api::FilterLogEvents::Request& request) {
  if (request.log_stream_names && request.log_stream_name_prefix) {
    return invalid_parameter("logStreamNamePrefix and logStreamNames exclude each other.");
  }
  CLARY_TRY(const std::vector<telemetry::StreamSummary> all,
            store_.streams(group, request.log_stream_name_prefix.value_or(""), "",
                           std::numeric_limits<std::size_t>::max()));
  std::vector<LogStream> wanted;
  for (const telemetry::StreamSummary& stream : all) {
    const bool named = !request.log_stream_names ||
                       std::ranges::find(*request.log_stream_names, stream.name.value()) !=
                           request.log_stream_names->end();
    const bool in_time = stream.last_event_ms &&
                         *stream.last_event_ms >= request.start_time.value_or(0) &&
                         (!request.end_time || *stream.first_event_ms < *request.end_time);
    if (named && in_time) wanted.push_back(stream.name);
  }
  if (!request.log_stream_names) return wanted;
  for (const std::string& name : *request.log_stream_names) {
    if (std::ranges::find(all, LogStream(name), &telemetry::StreamSummary::name) == all.end())
      return ServiceError(not_found("The specified log stream does not exist."));
  }
  return wanted;
}

Outcome<api::FilterLogEvents::Reply> LogsFilter::filter(
    const api::FilterLogEvents::Request& request, const CallContext& context) {
  CLARY_TRY(const LogGroup group,
            group_of(request.log_group_name, request.log_group_identifier, context));
  Result<telemetry::LogFilter> filter =
      telemetry::LogFilter::parse(request.filter_pattern.value_or(""));
  if (!filter.ok()) return invalid_parameter(filter.error().message);
  CLARY_TRY(const std::vector<LogStream> streams, streams_of(group, request));
  Position position{request.start_time.value_or(0), 0, ""};
  if (request.next_token) {
    CLARY_TRY(position, position_of(*request.next_token));
  }

  std::vector<StreamReader> readers;
  readers.reserve(streams.size());
  using Waiting = std::pair<std::int64_t, std::size_t>;  // time, reader: streams sorted by name
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue;
  for (const LogStream& stream : streams) {
    readers.emplace_back(
        store_, telemetry::EventsRequest{
                    .group = group,
                    .stream = stream,
                    .start_ms = position.time_ms + (stream.value() < position.stream ? 1 : 0),
                    .end_ms = request.end_time,
                    .from_head = true,
                    .token = "",
                    .limit = std::clamp<std::size_t>(kBuffered / streams.size(), 10, 1000)});
    CLARY_TRY(const LogEvent* first, readers.back().peek());
    if (first != nullptr) queue.emplace(first->timestamp_ms, readers.size() - 1);
  }

  const auto limit = static_cast<std::size_t>(request.limit.value_or(kMostEvents));
  api::FilterLogEvents::Reply reply;
  reply.searched_log_streams.emplace();  // AWS leaves it empty
  std::vector<api::FilteredLogEvent>& found = reply.events.emplace();
  std::int64_t to_skip = position.looked_at;  // of the events of position's time and stream
  Position reached{position.time_ms, 0, position.stream};
  std::size_t bytes = 0;
  std::size_t looked_at = 0;
  std::uint64_t steps = 0;
  while (!queue.empty()) {
    if (found.size() >= limit || bytes >= kMostPageBytes || looked_at >= kMostLookedAt ||
        steps >= kMostSteps) {
      reply.next_token = token_of(reached);
      break;
    }
    const auto [time_ms, number] = queue.top();
    queue.pop();
    StreamReader& reader = readers[number];
    const LogEvent event = reader.take();
    CLARY_TRY(const LogEvent* next, reader.peek());
    if (next != nullptr) queue.emplace(next->timestamp_ms, number);

    const std::string& stream = reader.stream().value();
    if (time_ms != reached.time_ms || stream != reached.stream) reached = {time_ms, 0, stream};
    ++reached.looked_at;
    if (time_ms == position.time_ms && stream == position.stream && to_skip > 0) {
      --to_skip;
      continue;
    }
    ++looked_at;
    if (!filter->matches(event.message, steps)) continue;
    bytes += event.message.size();
    found.push_back({.log_stream_name = stream,
                     .timestamp = event.timestamp_ms,
                     .message = event.message,
                     .ingestion_time = event.ingestion_ms,
                     .event_id = event_id(event, reader.stream(), reached.looked_at)});
  }
  return reply;
}

void LogsFilter::add_to(Router& router) {
  router.add<api::FilterLogEvents>(*this, &LogsFilter::filter);
}

}  // namespace clary::services
