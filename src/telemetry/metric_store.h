// MetricStore: named series of numbers, as CloudWatch serves them. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "telemetry/record_source.h"

namespace clary::telemetry {

struct SeriesId {
  std::string space;  // CloudWatch's namespace: "/aws/sagemaker/TrainingJobs"
  std::string name;   // "validation:accuracy"
  std::vector<std::pair<std::string, std::string>> dimensions;  // sorted by name
  friend auto operator<=>(const SeriesId&, const SeriesId&) = default;
};

struct Sample {
  TimePoint time;
  double value = 0;
};

struct SeriesSamples {
  SeriesId series;
  std::vector<Sample> samples;
};

// One period of a series.
struct Aggregate {
  TimePoint start;
  double sum = 0, minimum = 0, maximum = 0;
  std::uint64_t count = 0;
};

struct SeriesSummary {  // a training job's FinalMetricDataList entry, and more
  std::string name;
  double last = 0, minimum = 0, maximum = 0, sum = 0;
  std::uint64_t count = 0;
  TimePoint last_time;
};

struct SeriesSeen {
  SeriesId series;
  TimePoint last_time;
};

class MetricStore {
 public:
  virtual ~MetricStore() = default;
  // All of the batch or nothing; a batch of a source's number at or below the last one taken is
  // dropped. NaN and infinities: InvalidArgument.
  virtual Status append(const std::vector<SeriesSamples>& batch,
                        const std::optional<RecordSource>& source) = 0;
  // Aggregates of [start, end) aligned to period; periods without samples are left out. Ascending.
  virtual Result<std::vector<Aggregate>> aggregate(const SeriesId& series, TimePoint start,
                                                   TimePoint end, Duration period) = 0;
  // Every series of a space that has this dimension value, summed up.
  virtual Result<std::vector<SeriesSummary>> summaries(const std::string& space,
                                                       const std::string& dimension,
                                                       const std::string& value) = 0;
  virtual Result<std::vector<Sample>> samples(const SeriesId& series) = 0;
  // Every series of a space, or of all for ""; sorted.
  virtual Result<std::vector<SeriesSeen>> series(const std::string& space) = 0;
  virtual Status clear() = 0;
};

}  // namespace clary::telemetry
