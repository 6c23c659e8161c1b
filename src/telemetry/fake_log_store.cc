#include "telemetry/fake_log_store.h"

#include <algorithm>

#include "base/time_text.h"
#include "telemetry/log_block.h"
#include "telemetry/log_page.h"

namespace clary::telemetry {
namespace {

std::int64_t index_at(const std::vector<LogEvent>& events, std::int64_t time_ms) {
  return std::ranges::lower_bound(events, time_ms, {}, &LogEvent::timestamp_ms) - events.begin();
}

}  // namespace

void FakeLogStore::fail_appends(Status outcome) {
  MutexLock lock(mutex_);
  append_outcome_ = std::move(outcome);
}

std::vector<std::string> FakeLogStore::lines(const LogGroup& group, const LogStream& stream) {
  MutexLock lock(mutex_);
  std::vector<std::string> lines;
  if (const auto found = find(group, stream); found.ok()) {
    for (const LogEvent& event : (*found)->events) lines.push_back(event.message);
  }
  return lines;
}

Result<FakeLogStore::Stream*> FakeLogStore::find(const LogGroup& group, const LogStream& stream) {
  const auto streams = groups_.find(group);
  if (streams == groups_.end()) return not_found("The specified log group does not exist.");
  const auto found = streams->second.find(stream.value());
  if (found == streams->second.end()) {
    return not_found("The specified log stream does not exist.");
  }
  return &found->second;
}

Status FakeLogStore::create_stream(const LogGroup& group, const LogStream& stream) {
  MutexLock lock(mutex_);
  groups_[group].try_emplace(stream.value(), Stream{to_epoch_milliseconds(clock_.now()), {}});
  return {};
}

Status FakeLogStore::append(const LogGroup& group, const LogStream& stream,
                            const std::vector<std::string>& lines,
                            const std::optional<RecordSource>& source) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(append_outcome_);
  CLARY_TRY(Stream * found, find(group, stream));
  if (source) {
    std::uint64_t& taken = taken_[source->source];
    if (source->number <= taken) return {};
    taken = source->number;
  }
  std::int64_t time_ms = to_epoch_milliseconds(clock_.now());
  if (!found->events.empty()) time_ms = std::max(time_ms, found->events.back().timestamp_ms);
  for (std::string& event : to_events(lines)) {
    found->events.push_back({time_ms, time_ms, std::move(event)});
  }
  return {};
}

Status FakeLogStore::append_timed(const LogGroup& group, const LogStream& stream,
                                  const std::vector<TimedLine>& lines) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(append_outcome_);
  CLARY_TRY(Stream * found, find(group, stream));
  for (const TimedLine& line : lines) {
    std::int64_t time_ms = line.timestamp_ms;
    if (!found->events.empty()) time_ms = std::max(time_ms, found->events.back().timestamp_ms);
    for (std::string& event : to_events(std::span(&line.message, 1)))
      found->events.push_back({time_ms, to_epoch_milliseconds(clock_.now()), std::move(event)});
  }
  return {};
}

Result<std::vector<StreamSummary>> FakeLogStore::streams(const LogGroup& group,
                                                         std::string_view prefix,
                                                         std::string_view after,
                                                         std::size_t limit) {
  MutexLock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return not_found("The specified log group does not exist.");
  std::vector<StreamSummary> summaries;
  for (const auto& [name, stream] : found->second) {
    if (!name.starts_with(prefix) || name <= after || summaries.size() == limit) continue;
    StreamSummary summary{.name = LogStream(name), .created_ms = stream.created_ms};
    if (!stream.events.empty()) {
      summary.first_event_ms = stream.events.front().timestamp_ms;
      summary.last_event_ms = summary.last_ingestion_ms = stream.events.back().timestamp_ms;
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Result<EventsPage> FakeLogStore::events(const EventsRequest& request) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Stream* stream, find(request.group, request.stream));
  const std::vector<LogEvent>& events = stream->events;
  IndexRange in_time{0, std::ssize(events)};
  if (request.start_ms) in_time.begin = index_at(events, *request.start_ms);
  if (request.end_ms) in_time.end = index_at(events, *request.end_ms);
  CLARY_TRY(const PageWindow window, page_window(request, in_time, std::ssize(events)));

  const bool forward = window.direction == PageDirection::kForward;
  IndexRange served = forward ? IndexRange{window.range.begin, window.range.begin}
                              : IndexRange{window.range.end, window.range.end};
  std::size_t bytes = 0;
  while (served.end - served.begin <
         std::min(std::int64_t(window.limit), window.range.end - window.range.begin)) {
    const std::int64_t index = forward ? served.end : served.begin - 1;
    bytes += events[static_cast<std::size_t>(index)].message.size();
    if (bytes > kPageBytes && served.begin < served.end) break;
    (forward ? served.end : served.begin) += forward ? 1 : -1;
  }
  EventsPage page;
  page.events.assign(events.begin() + served.begin, events.begin() + served.end);
  set_tokens(page, window, served);
  return page;
}

Status FakeLogStore::clear() {
  MutexLock lock(mutex_);
  groups_.clear();
  taken_.clear();
  return {};
}

}  // namespace clary::telemetry
