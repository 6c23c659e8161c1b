#include "telemetry/fake_metric_store.h"

#include <algorithm>
#include <cmath>

namespace clary::telemetry {

Status FakeMetricStore::append(const std::vector<SeriesSamples>& batch,
                               const std::optional<RecordSource>& source) {
  MutexLock lock(mutex_);
  for (const SeriesSamples& part : batch) {
    for (const Sample& sample : part.samples) {
      if (!std::isfinite(sample.value)) return invalid_argument("a sample is no finite number");
      if (sample.count() <= 0) return invalid_argument("a sample counts for nothing");
    }
  }
  if (source) {
    std::uint64_t& taken = taken_[source->source];
    if (source->number <= taken) return {};
    taken = source->number;
  }
  for (const SeriesSamples& part : batch) {
    if (part.samples.empty()) continue;
    std::vector<Sample>& series = series_[part.series];
    series.insert(series.end(), part.samples.begin(), part.samples.end());
  }
  return {};
}

Result<std::vector<Aggregate>> FakeMetricStore::aggregate(const SeriesId& series, TimePoint start,
                                                          TimePoint end, Duration period) {
  if (period.count() <= 0) return invalid_argument("metric period: it must be positive");
  MutexLock lock(mutex_);
  std::map<std::int64_t, Aggregate> periods;
  for (const Sample& sample : series_[series]) {
    if (sample.time < start || sample.time >= end) continue;
    const std::int64_t number = sample.time.time_since_epoch() / period;
    auto [found, is_new] = periods.try_emplace(number);
    Aggregate& aggregate = found->second;
    aggregate.start = TimePoint(number * period);
    aggregate.sum += sample.value;
    const double minimum = sample.set ? sample.set->minimum : sample.value;
    const double maximum = sample.set ? sample.set->maximum : sample.value;
    aggregate.minimum = is_new ? minimum : std::min(aggregate.minimum, minimum);
    aggregate.maximum = is_new ? maximum : std::max(aggregate.maximum, maximum);
    aggregate.count += sample.count();
  }
  std::vector<Aggregate> ascending;
  for (const auto& [number, aggregate] : periods) ascending.push_back(aggregate);
  return ascending;
}

Result<std::vector<SeriesSummary>> FakeMetricStore::summaries(const std::string& space,
                                                              const std::string& dimension,
                                                              const std::string& value) {
  MutexLock lock(mutex_);
  std::vector<SeriesSummary> found;
  for (const auto& [series, samples] : series_) {
    if (series.space != space || samples.empty()) continue;
    if (std::ranges::count(series.dimensions, std::pair(dimension, value)) == 0) continue;
    SeriesSummary summary{.name = series.name,
                          .unit = series.unit,
                          .last = samples.back().mean(),
                          .minimum = samples.front().mean(),
                          .maximum = samples.front().mean(),
                          .last_time = samples.back().time};
    for (const Sample& sample : samples) {
      summary.sum += sample.value;
      summary.count += sample.count();
      summary.minimum = std::min(summary.minimum, sample.set ? sample.set->minimum : sample.value);
      summary.maximum = std::max(summary.maximum, sample.set ? sample.set->maximum : sample.value);
    }
    found.push_back(std::move(summary));
  }
  return found;
}

Result<std::vector<Sample>> FakeMetricStore::samples(const SeriesId& series) {
  MutexLock lock(mutex_);
  std::multimap<TimePoint, Sample> by_time;  // of one instant: as they came
  for (const Sample& sample : series_[series]) by_time.emplace(sample.time, sample);
  std::vector<Sample> sorted;
  for (const auto& [time, sample] : by_time) sorted.push_back(sample);
  return sorted;
}

Result<std::vector<std::string>> FakeMetricStore::units(const SeriesId& series) {
  MutexLock lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [id, samples] : series_) {
    SeriesId same = series;
    same.unit = id.unit;
    if (id == same && !samples.empty()) found.push_back(id.unit);
  }
  return found;
}

Result<std::vector<SeriesSeen>> FakeMetricStore::series(const std::string& space) {
  MutexLock lock(mutex_);
  std::vector<SeriesSeen> found;
  for (const auto& [series, samples] : series_) {
    if ((space.empty() || series.space == space) && !samples.empty())
      found.push_back({series, samples.back().time});
  }
  return found;
}

Status FakeMetricStore::clear() {
  MutexLock lock(mutex_);
  series_.clear();
  taken_.clear();
  return {};
}

}  // namespace clary::telemetry
