#include "telemetry/prometheus_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace clary::telemetry {
namespace {

TEST(PrometheusText, WritesFamiliesAndSamples) {
  PrometheusText text;
  text.family("clary_jobs", "Jobs by\nphase \\.", PrometheusType::kGauge);
  text.sample("clary_jobs", {{"phase", "a\"b\\c\nd"}, {"kind", "x"}}, 3);
  text.sample("clary_up", {}, 0.25);
  text.sample("clary_limit", {}, std::numeric_limits<double>::infinity());
  EXPECT_EQ(text.text(),
            "# HELP clary_jobs Jobs by\\nphase \\\\.\n"
            "# TYPE clary_jobs gauge\n"
            "clary_jobs{phase=\"a\\\"b\\\\c\\nd\",kind=\"x\"} 3\n"
            "clary_up 0.25\n"
            "clary_limit +Inf\n");
}

TEST(PrometheusText, AddsUpTheBucketsOfAHistogram) {
  PrometheusText text;
  const double bounds[] = {0.001, 0.1};
  const std::uint64_t counts[] = {2, 0, 3};
  text.histogram("t", {{"op", "x"}}, bounds, counts, 1.5);
  EXPECT_EQ(text.text(),
            "t_bucket{op=\"x\",le=\"0.001\"} 2\n"
            "t_bucket{op=\"x\",le=\"0.1\"} 2\n"
            "t_bucket{op=\"x\",le=\"+Inf\"} 5\n"
            "t_sum{op=\"x\"} 1.5\n"
            "t_count{op=\"x\"} 5\n");
}

}  // namespace
}  // namespace clary::telemetry
