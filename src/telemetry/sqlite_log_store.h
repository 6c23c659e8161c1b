// LogStore on TelemetryDatabase: one row per batch that arrived, its lines packed into a block.
//
// Reading a page unpacks the page's blocks only, found by time and event index; a stream of
// gigabytes pages as quickly as a short one. Thread-safe.
#pragma once

#include "base/clock.h"
#include "telemetry/log_store.h"
#include "telemetry/telemetry_database.h"

namespace clary::telemetry {

class SqliteLogStore final : public LogStore {
 public:
  // database and clock outlive the store.
  SqliteLogStore(TelemetryDatabase& database, const Clock& clock)
      : database_(database), clock_(clock) {}

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
  TelemetryDatabase& database_;
  const Clock& clock_;
};

}  // namespace clary::telemetry
