// What every MetricStore does. A test file runs it on an implementation:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, MetricStoreConformance,
//   testing::Values(metric_store_case(make)));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "telemetry/metric_store.h"

namespace clary::telemetry {

struct MetricStoreCase {
  std::function<std::shared_ptr<MetricStore>()> make;  // an empty store
};
MetricStoreCase metric_store_case(std::function<std::shared_ptr<MetricStore>()> make);

class MetricStoreConformance : public testing::TestWithParam<MetricStoreCase> {
 protected:
  void SetUp() override;
  // One sample, `seconds` after a whole minute.
  void append(const SeriesId& series, int seconds, double value);
  static SeriesId series_of(const std::string& name, const std::string& job = "job");
  static TimePoint at(int seconds);

  std::shared_ptr<MetricStore> store_;
};

}  // namespace clary::telemetry
