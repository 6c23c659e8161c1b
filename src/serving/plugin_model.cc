#include "serving/plugin_model.h"

#include <algorithm>
#include <utility>

#include "base/files.h"

namespace clary::serving {
namespace {

// The first runs of a TorchScript are slow: they are watched, and what is seen is compiled.
constexpr int kRunsBefore = 3;
constexpr int kRunsMeasured = 5;
constexpr double kWorthIt = 0.95;
constexpr Duration kLong = std::chrono::milliseconds(500);  // of measuring one number of threads

std::string taken(const clary_engine_api& functions, char* error) {
  if (error == nullptr) return "the engine gave no reason";
  std::string text = error;
  functions.release_error(error);
  return text;
}

// The shortest of some runs.
Result<Duration> time_of(PluginModel& model, Tensor& input, const Clock& clock) {
  Duration shortest = Duration::max();
  const Duration begin = clock.steady();
  for (int i = 0; i < kRunsBefore + kRunsMeasured; ++i) {
    const Duration began = clock.steady();
    CLARY_TRY(const PluginResult result, model.run(input));
    const bool is_long = clock.steady() - begin >= kLong;
    if (i >= kRunsBefore || (i > 0 && is_long))
      shortest = std::min(shortest, clock.steady() - began);
    if (i > 0 && is_long) break;
  }
  return shortest;
}

}  // namespace

PluginResult::PluginResult(PluginResult&& other) noexcept
    : functions_(other.functions_), result_(std::exchange(other.result_, {})) {}

PluginResult::~PluginResult() {
  if (result_.owner != nullptr) functions_->release_result(&result_);
}

Result<Prediction> PluginResult::prediction() const {
  Prediction prediction;
  prediction.layout.assign(result_.layout, result_.layout_length);
  for (std::uint32_t i = 0; i < result_.count; ++i) {
    const clary_tensor& tensor = result_.tensors[i];
    if (tensor.dtype < CLARY_BOOL || tensor.dtype > CLARY_COMPLEX128)
      return internal_error("the engine gave numbers of an unknown kind");
    prediction.tensors.push_back({.dtype = static_cast<DType>(tensor.dtype),
                                  .shape = {tensor.shape, tensor.rank},
                                  .data = tensor.data});
  }
  return prediction;
}

Result<std::shared_ptr<PluginModel>> PluginModel::load(std::shared_ptr<const EnginePlugin> plugin,
                                                       const Options& options) {
  const clary_engine_api& functions = plugin->functions();
  const clary_engine_options wanted{.size = sizeof(clary_engine_options),
                                    .threads = options.threads,
                                    .runs = options.lanes,
                                    .flags = 0,
                                    .model_folder = options.folder.c_str(),
                                    .device = options.device.c_str()};
  clary_engine* engine = nullptr;
  char* error = nullptr;
  if (functions.create(&wanted, &engine, &error) != 0)
    return invalid_argument(taken(functions, error));
  const std::shared_ptr<PluginModel> model(new PluginModel(std::move(plugin), engine));
  clary_engine_view view{};
  view.size = sizeof view;
  if (functions.describe(engine, &view, &error) != 0)
    return invalid_argument(taken(functions, error));
  model->may_not_end_ = (view.flags & CLARY_MAY_NOT_END) != 0;
  model->may_be_joined_ = (view.flags & CLARY_MAY_BE_JOINED) != 0;
  const std::string file = view.file;
  model->description_ =
      std::string(view.kind) + " " + file.substr(file.rfind('/') + 1) + " on " + view.device;
  return model;
}

PluginModel::~PluginModel() { plugin_->functions().destroy(engine_); }

Result<PluginResult> PluginModel::run(Tensor& input) const {
  const clary_engine_api& functions = plugin_->functions();
  const clary_tensor tensor{.size = sizeof(clary_tensor),
                            .dtype = static_cast<std::uint32_t>(input.dtype),
                            .rank = static_cast<std::uint32_t>(input.shape.size()),
                            .flags = 0,
                            .shape = input.shape.data(),
                            .data = input.data.get()};
  clary_engine_result result{};
  result.size = sizeof result;
  char* error = nullptr;
  if (functions.run(engine_, &tensor, 1, &result, &error) != 0)
    return invalid_argument(taken(functions, error));
  return PluginResult(functions, result);
}

Status PluginModel::set_threads(std::uint32_t threads) {
  const clary_engine_api& functions = plugin_->functions();
  char* error = nullptr;
  if (functions.set_threads(engine_, threads, &error) != 0)
    return internal_error(taken(functions, error));
  return {};
}

Result<std::uint32_t> choose_threads(PluginModel& model, Tensor& input, std::uint32_t most,
                                     const Clock& clock) {
  std::uint32_t best = 1;
  std::optional<Duration> best_time;
  for (std::uint32_t threads = 1; threads <= most;
       threads = threads < most ? std::min(threads * 2, most) : most + 1) {
    CLARY_RETURN_IF_ERROR(model.set_threads(threads));
    CLARY_TRY(const Duration time, time_of(model, input, clock));
    if (best_time &&
        static_cast<double>(time.count()) > kWorthIt * static_cast<double>(best_time->count()))
      continue;
    best = threads;
    best_time = time;
  }
  CLARY_RETURN_IF_ERROR(model.set_threads(best));
  return best;
}

}  // namespace clary::serving
