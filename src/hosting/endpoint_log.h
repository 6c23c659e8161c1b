// EndpointLog: what an endpoint does beside answering calls, told in its own log group: the stream
// "<variant>/data-log" of /aws/sagemaker/Endpoints/<endpoint>, as SageMaker names it.
//
// Thread-safe.
#pragma once

#include <string>

#include "base/logger.h"
#include "base/names.h"
#include "telemetry/log_store.h"

namespace clary::hosting {

class EndpointLog {
 public:
  // Both outlive it.
  EndpointLog(telemetry::LogStore& logs, const Logger& logger) : logs_(logs), logger_(logger) {}
  // Blocks on the store. A line that cannot be kept goes to the program's own log.
  void note(const EndpointName& endpoint, const std::string& variant, const std::string& line);

 private:
  telemetry::LogStore& logs_;
  const Logger& logger_;
};

}  // namespace clary::hosting
