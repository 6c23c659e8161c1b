// ModelUnit: one of many models, from its files to its workers; ModelOpener makes them.
// Thread-safe.
//
// Implementations: ServedUnit (apps/), FakeUnit (tests).
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "serving/live_model.h"
#include "serving/model_metrics.h"

namespace clary::serving {

// Destroyed: its workers are ended, its files removed.
class ModelUnit {
 public:
  virtual ~ModelUnit() = default;
  // Not started yet when it is fetched.
  virtual LiveModel& live() = 0;
  virtual ModelMetrics& metrics() = 0;
  virtual std::uint64_t file_bytes() const = 0;
  // What its workers take of the machine's memory now, shared pages divided; 0: not known.
  virtual std::uint64_t memory_bytes() const = 0;
};

class ModelOpener {
 public:
  virtual ~ModelOpener() = default;
  // Its files are there when this returns. Blocks on disk and network; several at once.
  virtual Result<std::shared_ptr<ModelUnit>> fetch(const std::string& source,
                                                   const std::stop_token& stop) = 0;
};

}  // namespace clary::serving
