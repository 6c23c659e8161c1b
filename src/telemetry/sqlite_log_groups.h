// LogGroups in telemetry.db. Thread-safe.
#pragma once

#include "base/clock.h"
#include "telemetry/log_groups.h"
#include "telemetry/telemetry_database.h"

namespace clary::telemetry {

class SqliteLogGroups final : public LogGroups {
 public:
  // database and clock outlive it.
  SqliteLogGroups(TelemetryDatabase& database, const Clock& clock)
      : database_(database), clock_(clock) {}

  Status create(const LogGroup& group, const LogTags& tags) override;
  Status remove(const LogGroup& group) override;
  Result<std::vector<GroupSummary>> list(std::string_view prefix, std::string_view after,
                                         std::size_t limit) override;
  Status set_retention(const LogGroup& group, std::optional<std::int64_t> days) override;
  Result<std::optional<std::int64_t>> retention(const LogGroup& group) override;
  Result<LogTags> tags(const LogGroup& group) override;
  Status add_tags(const LogGroup& group, const LogTags& tags) override;
  Status remove_tags(const LogGroup& group, const std::vector<std::string>& keys) override;
  Status expire(TimePoint now) override;

 private:
  TelemetryDatabase& database_;
  const Clock& clock_;
};

}  // namespace clary::telemetry
