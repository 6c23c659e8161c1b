// The file that log and metric stores share: `<data>/telemetry.db`. Format:
// docs/formats/telemetry.md.
//
// One writing connection under a mutex, reading connections as they are needed. A commit survives
// the death of the server (SIGKILL); in a power cut the last seconds may be lost, for the file is
// synced at checkpoints only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "telemetry/record_source.h"

namespace clary::telemetry {

// One script per format; one that was released is never changed.
std::span<const std::string_view> migrations();

class TelemetryDatabase {
 public:
  // Makes or migrates the file. Unsupported when it was written by a newer release.
  static Result<std::unique_ptr<TelemetryDatabase>> open(const std::string& path);

  Mutex& write_mutex() CLARY_ANNOTATE(lock_returned(mutex_)) { return mutex_; }
  sqlite::Database& writer() CLARY_REQUIRES(mutex_) { return *writer_; }
  Result<sqlite::Readers::Lease> reader() { return readers_.take(); }

  // Within a write transaction: whether this batch is new; if so, it is noted as taken. kind: "log"
  // or "metric".
  Result<bool> take_number(std::string_view kind, const std::optional<RecordSource>& source)
      CLARY_REQUIRES(mutex_);

 private:
  TelemetryDatabase(const std::string& path, std::unique_ptr<sqlite::Database> writer)
      : writer_(std::move(writer)), readers_(path) {}

  Mutex mutex_;
  std::unique_ptr<sqlite::Database> writer_ CLARY_GUARDED_BY(mutex_);
  sqlite::Readers readers_;
};

}  // namespace clary::telemetry
