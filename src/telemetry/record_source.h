// Where a batch came from, so that a batch that is sent again is taken once.
#pragma once

#include <cstdint>
#include <string>

namespace clary::telemetry {

// The store keeps the last number taken per source, in the transaction that keeps the batch. Logs
// and metrics are counted apart: one record may give both.
struct RecordSource {
  std::string source;        // "<gang>/<host>"
  std::uint64_t number = 0;  // of the hostlink record
};

}  // namespace clary::telemetry
