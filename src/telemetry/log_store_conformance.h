// What every LogStore does. A test file runs it on an implementation:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, LogStoreConformance, testing::Values(log_store_case(make)));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/log_store.h"

namespace clary::telemetry {

struct LogStoreCase {
  std::function<std::shared_ptr<LogStore>(const Clock& clock)> make;  // an empty store
};
LogStoreCase log_store_case(std::function<std::shared_ptr<LogStore>(const Clock& clock)> make);

class LogStoreConformance : public testing::TestWithParam<LogStoreCase> {
 protected:
  void SetUp() override;
  // Appends to the stream `s` of the group `g`.
  void append(const std::vector<std::string>& lines);
  void put(const std::vector<TimedLine>& lines);  // lines of their own times
  EventsPage page(EventsRequest request);
  std::vector<std::string> messages(const EventsPage& page);

  ManualClock clock_;
  std::shared_ptr<LogStore> store_;
  LogGroup group_{"/aws/sagemaker/TrainingJobs"};
  LogStream stream_{"job/algo-1-1700000000"};
};

}  // namespace clary::telemetry
