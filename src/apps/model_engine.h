// The engine that a model server's plan asks for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "apps/model_server_program.h"
#include "base/clock.h"
#include "base/logger.h"
#include "serving/engine.h"

namespace clary::apps {

struct EngineParts {
  const ModelServerPlan& plan;
  std::string package_folder;  // of clary_serving
  std::string model_folder;
  std::uint64_t open_files = 0;  // soft limit of Python workers
  const Clock& clock;            // outlives the engine, as the next
  const Logger& logger;
};

std::unique_ptr<serving::Engine> make_engine(const EngineParts& parts);

}  // namespace clary::apps
