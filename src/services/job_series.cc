#include "services/job_series.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/gang_effects.h"

namespace clary::services {
namespace {

constexpr std::size_t kPoints = 1000;

// Of a longer series, the means of stretches of equal length.
Result<Document> points_of(const telemetry::SeriesId& series, telemetry::MetricStore& metrics) {
  CLARY_TRY(const std::vector<telemetry::Sample> samples, metrics.samples(series));
  const std::size_t stride = samples.size() / kPoints + 1;
  Document points = Document::array();
  for (std::size_t from = 0; from < samples.size(); from += stride) {
    const std::size_t to = std::min(from + stride, samples.size());
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += samples[i].mean();
    points.push(Document::array({samples[from].time, sum / static_cast<double>(to - from)}));
  }
  return points;
}

}  // namespace

Result<Document> job_series(domain::JobStore& jobs, telemetry::MetricStore& metrics,
                            const domain::JobKey& key) {
  CLARY_TRY(const domain::Job job, jobs.find(key.kind, key.name));
  const std::string space(runtime::telemetry_space(job.kind));
  const std::string name = job.name.value();
  Document list = Document::array();
  for (const auto& [dimension, value] :
       {std::pair<std::string, std::string>("Host", name + "/algo-1"),
        std::pair<std::string, std::string>("TrainingJobName", name)}) {
    CLARY_TRY(const auto found, metrics.summaries(space, dimension, value));
    for (const telemetry::SeriesSummary& summary : found) {
      const telemetry::SeriesId id{.space = space,
                                   .name = summary.name,
                                   .dimensions = {{dimension, value}},
                                   .unit = summary.unit};
      CLARY_TRY(Document points, points_of(id, metrics));
      list.push(Document::object(
          {{"name", summary.name}, {"usage", dimension == "Host"}, {"points", std::move(points)}}));
    }
  }
  return Document::object({{"series", std::move(list)}});
}

}  // namespace clary::services
