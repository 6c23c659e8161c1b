// TorchEngine: a model without code of the user, run in this process by a torch plugin
// (engine_plugin.h). Lanes share one loaded model; each decodes, runs and encodes on its own
// thread. Answers are those of the Python handlers' defaults, but for the rows that
// docs/formats/tensor-bodies.md names.
//
// A model that crashes takes the server with it; one that does not come back costs a thread:
// docs/decisions/0021-an-engine-in-the-servers-process.md. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "serving/engine.h"
#include "serving/plugin_model.h"
#include "serving/row_proofs.h"
#include "serving/user_code.h"

namespace clary::serving {

struct TorchEngineOptions {
  std::string plugin_folder;                             // engine_folder()
  std::shared_ptr<const EnginePlugin> plugin = nullptr;  // one that is open, in place of that
  std::string environment;                               // its name, for whoever must build it
  std::string model_folder;
  CodeVariables code = {};
  std::string device;  // "": a GPU where there is one
  std::string default_accept = "application/json";
  std::size_t lanes = 1;
  std::size_t most_threads = 1;        // of one run
  std::optional<std::size_t> threads;  // that were asked for: nothing is measured
};

class TorchEngine final : public Engine {
 public:
  // clock and logger outlive the engine.
  TorchEngine(TorchEngineOptions options, const Clock& clock, const Logger& logger);
  ~TorchEngine() override;

  // Errors: the model brings code, which this engine does not run; there is no plugin; too many
  // runs have not come back.
  Result<std::unique_ptr<Lane>> open_lane(Duration deadline) override;
  void stop() override { stopped_ = true; }

  // For its lanes: the model, loaded by the first who asks; again after a failure.
  Result<std::shared_ptr<PluginModel>> model();
  const TorchEngineOptions& options() const { return options_; }
  bool is_stopped() const { return stopped_; }
  // Before every run: the first input of all takes the place of a warm-up file where there is none.
  // Errors: what the model says to it.
  Status before_run(PluginModel& model, const Tensor& input);
  // Of its model, for all lanes.
  RowProofs& proofs() { return proofs_; }
  // A run was left to itself; it has come back once nobody holds it any more.
  void leave(std::weak_ptr<const void> run);

 private:
  std::size_t left_runs();
  void warm_up(PluginModel& model);

  const TorchEngineOptions options_;
  const Clock& clock_;
  const Logger& logger_;
  RowProofs proofs_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> are_threads_chosen_ = false;
  Mutex left_mutex_;
  std::vector<std::weak_ptr<const void>> left_ CLARY_GUARDED_BY(left_mutex_);
  Mutex mutex_;  // held while the model is loaded
  std::shared_ptr<const EnginePlugin> plugin_ CLARY_GUARDED_BY(mutex_);
  std::shared_ptr<PluginModel> model_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::serving
