// MetricExtractor: a job's metric definitions, run over its lines as they arrive.
//
// A definition is a PCRE2 pattern; its first group, read as a number, is a sample. Lines are cut at
// '\r' first, so that a progress bar gives a value per state it showed; of each piece the first
// match counts. A match that takes too long costs that piece only; a definition that runs away
// again and again is switched off and says so. One extractor serves one job; it is used by one
// thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job.h"
#include "telemetry/metric_store.h"

namespace clary::telemetry {

struct NamedSample {
  std::string name;  // of the metric
  Sample sample;
};

// Whether a pattern can be used. InvalidArgument: what is wrong with it, and where.
Status check_metric_pattern(std::string_view pattern);

class MetricExtractor {
 public:
  // InvalidArgument for a pattern that does not compile.
  static Result<std::unique_ptr<MetricExtractor>> compile(
      std::span<const domain::MetricDefinition> definitions);
  MetricExtractor(const MetricExtractor&) = delete;
  MetricExtractor& operator=(const MetricExtractor&) = delete;
  ~MetricExtractor();

  // Samples in the order of lines, then of definitions; each bears `time`. NaN and infinities are
  // left out.
  std::vector<NamedSample> feed(std::span<const std::string> lines, TimePoint time);
  // A sentence for each metric that has captured its first NaN or infinity since the last call.
  std::vector<std::string> take_left_out();

  // A metric of that name was seen by an earlier extractor of this job (before a restart of the
  // server).
  void mark_matched(std::string_view name);

  // One sentence per definition that gave no sample or was switched off, with the nearest line: for
  // the job's timeline, once it has ended.
  std::vector<std::string> notices() const;

 private:
  struct Definition;
  struct Matcher;
  explicit MetricExtractor(std::unique_ptr<Matcher> matcher);

  std::unique_ptr<Matcher> matcher_;
  std::vector<Definition> definitions_;
  std::uint64_t lines_ = 0;
};

}  // namespace clary::telemetry
