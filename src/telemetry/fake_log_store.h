// LogStore in memory, for tests. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "telemetry/log_page.h"
#include "telemetry/log_store.h"

namespace clary::telemetry {

class FakeLogStore final : public LogStore {
 public:
  // clock outlives the store.
  explicit FakeLogStore(const Clock& clock) : clock_(clock) {}

  // The next appends answer this error, until it is set to success.
  void fail_appends(Status outcome);
  // Every line of a stream so far, by time; empty when it is absent.
  std::vector<std::string> lines(const LogGroup& group, const LogStream& stream);

  Status create_stream(const LogGroup& group, const LogStream& stream) override;
  Status append(const LogGroup& group, const LogStream& stream,
                const std::vector<std::string>& lines,
                const std::optional<RecordSource>& source) override;
  Status append_timed(const LogGroup& group, const LogStream& stream,
                      const std::vector<TimedLine>& lines) override;
  Result<std::vector<StreamSummary>> streams(const LogGroup& group, std::string_view prefix,
                                             std::string_view after, std::size_t limit) override;
  Result<EventsPage> events(const EventsRequest& request) override;
  Status clear() override;

 private:
  struct Stream {
    std::int64_t created_ms = 0;
    std::int64_t last_ingestion_ms = 0;
    std::map<LogPosition, LogEvent> events;

    void add(LogEvent event);
    LogPosition end() const;  // after every event
  };
  Result<Stream*> find(const LogGroup& group, const LogStream& stream) CLARY_REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  Status append_outcome_ CLARY_GUARDED_BY(mutex_);
  std::map<LogGroup, std::map<std::string, Stream>> groups_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> taken_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::telemetry
