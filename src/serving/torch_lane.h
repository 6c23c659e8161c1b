// TorchLane: one thread's way of running the model that its TorchEngine has loaded: decodes, runs,
// encodes. Batches go as one run where that is the same to each request (joint_runs.h).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "serving/engine.h"
#include "serving/plugin_model.h"
#include "serving/run_thread.h"
#include "serving/tensor_codec.h"

namespace clary::serving {

class TorchEngine;
struct TorchRun;

class TorchLane final : public Lane {
 public:
  // Both outlive the lane.
  TorchLane(TorchEngine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  // The engine's model; what it cannot load is this lane's failure().
  void load();

  std::optional<std::string> failure() const override;
  bool takes_batches() const override;
  bool is_alive() const override { return !is_left_; }
  LaneResult run(std::span<const ModelRequest* const> batch, Duration deadline) override;

 private:
  Result<ModelAnswer> answer_to(const ModelRequest& request, Duration deadline);
  Result<Tensor> read(const ModelRequest& request);
  std::string accept_of(const ModelRequest& request) const;
  ModelAnswer encode(const Prediction& prediction, const ModelRequest& request) const;
  LaneResult run_joint(std::span<const ModelRequest* const> batch);
  Status predict(const std::shared_ptr<TorchRun>& run, Duration began, Duration deadline);

  TorchEngine& engine_;
  const Clock& clock_;
  std::shared_ptr<PluginModel> model_;
  std::string load_error_;
  TensorReader reader_;
  std::unique_ptr<RunThread> thread_;  // of a model that may never end
  bool is_left_ = false;
};

}  // namespace clary::serving
