// MetricStore in memory, for tests. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "telemetry/metric_store.h"

namespace clary::telemetry {

class FakeMetricStore final : public MetricStore {
 public:
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
  Mutex mutex_;
  std::map<SeriesId, std::vector<Sample>> series_ CLARY_GUARDED_BY(mutex_);  // as they arrived
  std::map<std::string, std::uint64_t> taken_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::telemetry
