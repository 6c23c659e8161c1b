// ServedUnit: a model of a model server with its files and its engine; what fetches it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apps/model_server_program.h"
#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "objects/object_store.h"
#include "serving/engine.h"
#include "serving/model_unit.h"
#include "serving/scratch_folder.h"

namespace clary::apps {

// What every model of a server has in common; all of it outlives them.
struct UnitParts {
  const ModelServerPlan& plan;
  std::string package_folder;    // of clary_serving
  std::uint64_t open_files = 0;  // soft limit of the workers
  const Clock& clock;
  const Logger& logger;
  IdSource& ids;
  serving::ModelMetrics* metrics = nullptr;  // of all of them together; null: each has its own
};

class ServedUnit final : public serving::ModelUnit {
 public:
  // folder: with the model's files. scratch: removed with it.
  ServedUnit(const UnitParts& parts, std::string folder, serving::ScratchFolder scratch);
  ~ServedUnit() override;

  serving::LiveModel& live() override { return live_; }
  serving::ModelMetrics& metrics() override { return metrics_; }
  std::uint64_t file_bytes() const override { return file_bytes_; }
  std::uint64_t memory_bytes() const override { return engine_->memory_bytes(); }

 private:
  const std::uint64_t file_bytes_;
  serving::ScratchFolder scratch_;
  serving::ModelMetrics own_metrics_;
  serving::ModelMetrics& metrics_;
  std::unique_ptr<serving::Engine> engine_;
  serving::LiveModel live_;
};

class UnitFetcher final : public serving::ModelOpener {
 public:
  explicit UnitFetcher(UnitParts parts) : parts_(std::move(parts)) {}
  Result<std::shared_ptr<serving::ModelUnit>> fetch(const std::string& source,
                                                    const std::stop_token& stop) override;

 private:
  const UnitParts parts_;
};

// Where the AWS clients of this machine would look.
Result<std::unique_ptr<objects::ObjectStore>> open_model_store(
    const std::map<std::string, std::string>& variables, const Clock& clock);
serving::LiveModelOptions live_options(const serving::ServingOptions& options);
// A warning for each list of packages that the model brings along.
void warn_of_requirements(const std::string& model_folder, const ModelServerPlan& plan,
                          const Logger& logger);

}  // namespace clary::apps
