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
  // CloudWatch keeps what was measured in another unit as a series of its own.
  std::string unit = "None";
  friend auto operator<=>(const SeriesId&, const SeriesId&) = default;
};

// What is known of several measurements that were summed up before they came here.
struct SampleSet {
  double count = 0;  // more than 0
  double minimum = 0, maximum = 0;
  friend bool operator==(const SampleSet&, const SampleSet&) = default;
};

struct Sample {
  TimePoint time;
  double value = 0;                // of a set: its sum
  std::optional<SampleSet> set{};  // nothing: one measurement

  double count() const { return set ? set->count : 1; }
  double mean() const { return value / count(); }
};

struct SeriesSamples {
  SeriesId series;
  std::vector<Sample> samples;
};

// One period of a series.
struct Aggregate {
  TimePoint start;
  double sum = 0, minimum = 0, maximum = 0;
  double count = 0;
};

struct SeriesSummary {  // a training job's FinalMetricDataList entry, and more
  std::string name;
  std::string unit = "None";
  double last = 0, minimum = 0, maximum = 0, sum = 0;  // last: of a set, its mean
  double count = 0;
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
  // dropped. NaN, infinities and sets of nothing: InvalidArgument.
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
  // In which units there is a series of this one's space, name and dimensions; sorted.
  virtual Result<std::vector<std::string>> units(const SeriesId& series) = 0;
  // Every series of a space, or of all for ""; sorted.
  virtual Result<std::vector<SeriesSeen>> series(const std::string& space) = 0;
  virtual Status clear() = 0;
};

}  // namespace clary::telemetry
