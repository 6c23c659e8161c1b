// MetricStore on TelemetryDatabase: one row per sample, and running totals per series. Thread-safe.
#pragma once

#include "telemetry/metric_store.h"
#include "telemetry/telemetry_database.h"

namespace clary::telemetry {

class SqliteMetricStore final : public MetricStore {
 public:
  // database outlives the store.
  explicit SqliteMetricStore(TelemetryDatabase& database) : database_(database) {}

  Status append(const std::vector<SeriesSamples>& batch,
                const std::optional<RecordSource>& source) override;
  Result<std::vector<Aggregate>> aggregate(const SeriesId& series, TimePoint start, TimePoint end,
                                           Duration period) override;
  Result<std::vector<SeriesSummary>> summaries(const std::string& space,
                                               const std::string& dimension,
                                               const std::string& value) override;
  Result<std::vector<Sample>> samples(const SeriesId& series) override;
  Result<std::vector<std::string>> units(const SeriesId& series) override;
  Result<std::vector<SeriesSeen>> series(const std::string& space) override;
  Status clear() override;

 private:
  Status append_series(const SeriesSamples& batch) CLARY_REQUIRES(database_.write_mutex());

  TelemetryDatabase& database_;
};

}  // namespace clary::telemetry
