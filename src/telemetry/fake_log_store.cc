#include "telemetry/fake_log_store.h"

#include <algorithm>

#include "base/time_text.h"
#include "telemetry/log_block.h"
#include "telemetry/log_groups.h"

namespace clary::telemetry {

void FakeLogStore::fail_appends(Status outcome) {
  MutexLock lock(mutex_);
  append_outcome_ = std::move(outcome);
}

std::vector<std::string> FakeLogStore::lines(const LogGroup& group, const LogStream& stream) {
  MutexLock lock(mutex_);
  std::vector<std::string> lines;
  if (const auto found = find(group, stream); found.ok()) {
    for (const auto& [position, event] : (*found)->events) lines.push_back(event.message);
  }
  return lines;
}

void FakeLogStore::Stream::add(LogEvent event) {
  last_ingestion_ms = event.ingestion_ms;
  const LogPosition position{event.timestamp_ms, std::ssize(events)};
  events.emplace(position, std::move(event));
}

LogPosition FakeLogStore::Stream::end() const {
  return {events.empty() ? 0 : events.rbegin()->first.time_ms, std::ssize(events)};
}

Result<FakeLogStore::Stream*> FakeLogStore::find(const LogGroup& group, const LogStream& stream) {
  const auto streams = groups_.find(group);
  if (streams == groups_.end()) return no_group();
  const auto found = streams->second.find(stream.value());
  if (found == streams->second.end()) {
    return not_found("The specified log stream does not exist.");
  }
  return &found->second;
}

Status FakeLogStore::create_stream(const LogGroup& group, const LogStream& stream) {
  MutexLock lock(mutex_);
  groups_[group].try_emplace(stream.value(),
                             Stream{.created_ms = to_epoch_milliseconds(clock_.now())});
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
  const std::int64_t now_ms = to_epoch_milliseconds(clock_.now());
  const std::int64_t time_ms = std::max(now_ms, found->end().time_ms);
  for (std::string& event : to_events(lines)) found->add({time_ms, now_ms, std::move(event)});
  return {};
}

Status FakeLogStore::append_timed(const LogGroup& group, const LogStream& stream,
                                  const std::vector<TimedLine>& lines) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(append_outcome_);
  CLARY_TRY(Stream * found, find(group, stream));
  for (const TimedLine& line : lines) {
    for (std::string& event : to_events(std::span(&line.message, 1)))
      found->add({line.timestamp_ms, to_epoch_milliseconds(clock_.now()), std::move(event)});
  }
  return {};
}

Result<std::vector<StreamSummary>> FakeLogStore::streams(const LogGroup& group,
                                                         std::string_view prefix,
                                                         std::string_view after,
                                                         std::size_t limit) {
  MutexLock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_group();
  std::vector<StreamSummary> summaries;
  for (const auto& [name, stream] : found->second) {
    if (!name.starts_with(prefix) || name <= after || summaries.size() == limit) continue;
    StreamSummary summary{.name = LogStream(name), .created_ms = stream.created_ms};
    if (!stream.events.empty()) {
      summary.first_event_ms = stream.events.begin()->first.time_ms;
      summary.last_event_ms = stream.end().time_ms;
      summary.last_ingestion_ms = stream.last_ingestion_ms;
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Result<EventsPage> FakeLogStore::events(const EventsRequest& request) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Stream* stream, find(request.group, request.stream));
  const auto& events = stream->events;
  const auto time_of = [&events](std::int64_t index) -> Result<std::int64_t> {
    const auto found = std::ranges::find_if(
        events, [index](const auto& event) { return event.first.index == index; });
    return found->first.time_ms;
  };
  CLARY_TRY(const PageWindow window, page_window(request, stream->end(), time_of));
  const auto begin = events.lower_bound(window.begin);
  const auto end = events.lower_bound(window.end);
  const bool forward = window.direction == PageDirection::kForward;
  EventsPage page;
  std::optional<ServedEvents> served;
  std::size_t bytes = 0;
  for (auto left = begin, right = end; left != right && page.events.size() < window.limit;) {
    const auto& [position, event] = *(forward ? left++ : --right);
    bytes += event.message.size();
    if (bytes > kPageBytes && served) break;
    page.events.push_back(event);
    if (!served) served = {position, position};
    (forward ? served->last : served->first) = position;
  }
  if (!forward) std::ranges::reverse(page.events);
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
