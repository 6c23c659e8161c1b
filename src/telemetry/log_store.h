// LogStore: groups of streams of timed lines, as CloudWatch Logs serves them.
//
// A stream is read in the order of its lines' times, and those of one time in the order they came.
// Lines that bring no time get one on arrival, never an earlier one than a line before them has.
// Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "telemetry/record_source.h"

namespace clary::telemetry {

struct LogEvent {
  std::int64_t timestamp_ms = 0;  // since the epoch
  std::int64_t ingestion_ms = 0;
  std::string message;  // without a newline at its end
};

// A line that brings its time.
struct TimedLine {
  std::int64_t timestamp_ms = 0;
  std::string message;
};

struct StreamSummary {
  LogStream name;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> first_event_ms;  // the earliest time
  std::optional<std::int64_t> last_event_ms;   // the latest
  std::optional<std::int64_t> last_ingestion_ms;
};

struct EventsRequest {
  LogGroup group;
  LogStream stream;
  std::optional<std::int64_t> start_ms;  // inclusive
  std::optional<std::int64_t> end_ms;    // exclusive
  bool from_head = false;
  std::string token;           // of an earlier page
  std::size_t limit = 10'000;  // events; a page also ends at 1 MiB
};
struct EventsPage {
  std::vector<LogEvent> events;
  // Always there; with no newer events, the token that was given. What arrives later with an
  // earlier time than what was served lies behind it.
  std::string forward_token;
  std::string backward_token;
};

class LogStore {
 public:
  virtual ~LogStore() = default;
  // There already: fine. Makes its group where that is absent.
  virtual Status create_stream(const LogGroup& group, const LogStream& stream) = 0;
  // Appends; lines of a source's number at or below the last one taken are dropped. NotFound when
  // the stream is absent.
  virtual Status append(const LogGroup& group, const LogStream& stream,
                        const std::vector<std::string>& lines,
                        const std::optional<RecordSource>& source) = 0;
  // Adds lines, each at its own time. NotFound.
  virtual Status append_timed(const LogGroup& group, const LogStream& stream,
                              const std::vector<TimedLine>& lines) = 0;
  // Sorted by name, those that begin with `prefix` and come after `after`. NotFound when the group
  // is absent.
  virtual Result<std::vector<StreamSummary>> streams(const LogGroup& group, std::string_view prefix,
                                                     std::string_view after, std::size_t limit) = 0;
  // NotFound; InvalidArgument for a token that this stream never gave.
  virtual Result<EventsPage> events(const EventsRequest& request) = 0;
  // Forgets everything.
  virtual Status clear() = 0;
};

}  // namespace clary::telemetry
