// PluginModel: one model that a plugin has loaded, in the words of this side of the border.
//
// Thread-safe; every lane runs the same one.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "serving/engine_plugin.h"
#include "serving/tensor_codec.h"

namespace clary::serving {

// What a run gave; the tensors live as long as it does.
class PluginResult {
 public:
  PluginResult(const clary_engine_api& functions, clary_engine_result result)
      : functions_(&functions), result_(result) {}
  PluginResult(PluginResult&& other) noexcept;
  PluginResult& operator=(PluginResult&& other) = delete;
  ~PluginResult();

  // InvalidArgument where the plugin gave what is no tensor.
  Result<Prediction> prediction() const;

 private:
  const clary_engine_api* functions_;
  clary_engine_result result_;
};

class PluginModel {
 public:
  struct Options {
    std::string folder;
    std::string device;       // "": a GPU where there is one
    std::uint32_t lanes = 1;  // that may run it at once
    std::uint32_t threads = 1;
  };
  // InvalidArgument: what the model's own loading says.
  static Result<std::shared_ptr<PluginModel>> load(std::shared_ptr<const EnginePlugin> plugin,
                                                   const Options& options);
  PluginModel(const PluginModel&) = delete;
  PluginModel& operator=(const PluginModel&) = delete;
  ~PluginModel();

  // InvalidArgument: what the model says. The result is gone before the input is.
  Result<PluginResult> run(Tensor& input) const;
  // While nothing runs.
  Status set_threads(std::uint32_t threads);

  bool may_not_end() const { return may_not_end_; }
  // Whether it may be tried if rows of several inputs can be run as one.
  bool may_be_joined() const { return may_be_joined_; }
  // "torchscript model.pt on cpu"
  const std::string& description() const { return description_; }

 private:
  PluginModel(std::shared_ptr<const EnginePlugin> plugin, clary_engine* engine)
      : plugin_(std::move(plugin)), engine_(engine) {}

  std::shared_ptr<const EnginePlugin> plugin_;
  clary_engine* engine_;
  bool may_not_end_ = true;
  bool may_be_joined_ = false;
  std::string description_;
};

// How many threads, of 1, 2, 4 and so on up to `most`, one run is fastest with on `input`; more are
// taken only where they save a twentieth. Leaves the model with them. A number of threads takes 8
// runs; fewer, at least 2, once they have taken half a second.
Result<std::uint32_t> choose_threads(PluginModel& model, Tensor& input, std::uint32_t most,
                                     const Clock& clock);

}  // namespace clary::serving
