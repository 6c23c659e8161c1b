// PrometheusText: writes metrics in Prometheus' text exposition format, version 0.0.4. Used by one
// thread.
//
//   PrometheusText text;
//   text.family("clary_jobs", "Training jobs by phase.", PrometheusType::kGauge);
//   text.sample("clary_jobs", {{"phase", "Training"}}, 3);
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clary::telemetry {

enum class PrometheusType { kCounter, kGauge, kHistogram };
using PrometheusLabels = std::vector<std::pair<std::string_view, std::string_view>>;

class PrometheusText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // Before the samples of a family. help: one sentence.
  void family(std::string_view name, std::string_view help, PrometheusType type);
  void sample(std::string_view name, const PrometheusLabels& labels, double value);
  // The _bucket, _sum and _count lines. bounds: upper bounds, ascending, without +Inf; counts: of
  // each bucket, not yet added up, one more than bounds.
  void histogram(std::string_view name, const PrometheusLabels& labels,
                 std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace clary::telemetry
