#include "serving/torch_engine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "serving/tensor_codec.h"
#include "serving/torch_lane.h"

namespace clary::serving {
namespace {

std::string first_line_of(std::string_view text) {
  text = trim(text);
  return std::string(text.substr(0, text.find('\n')));
}

// What a model folder may hold to be run once before anybody asks, and to choose the threads by.
struct WarmUp {
  const char* file;
  const char* content_type;
};
constexpr std::array<WarmUp, 3> kWarmUps = {{{"warmup.npy", "application/x-npy"},
                                             {"warmup.json", "application/json"},
                                             {"warmup.csv", "text/csv"}}};

}  // namespace

TorchEngine::TorchEngine(TorchEngineOptions options, const Clock& clock, const Logger& logger)
    : options_(std::move(options)), clock_(clock), logger_(logger), plugin_(options_.plugin) {}

TorchEngine::~TorchEngine() = default;

Result<std::unique_ptr<Lane>> TorchEngine::open_lane(Duration) {
  if (stopped_) return cancelled("the server is ending");
  if (const auto code = user_code_of(options_.model_folder, options_.code))
    return unsupported("the torch engine: the model brings " + *code +
                       ", which only the python engine runs");
  if (const std::size_t left = left_runs(); left >= options_.lanes)
    return unavailable("the torch engine: " + std::to_string(left) +
                       " runs of the model have not come back and hold on to their cores; if they "
                       "do not, the server has to be started anew");
  {
    MutexLock lock(mutex_);
    if (plugin_ == nullptr) {
      CLARY_TRY(plugin_, EnginePlugin::open(options_.plugin_folder, options_.environment));
    }
  }
  auto lane = std::make_unique<TorchLane>(*this, clock_);
  lane->load();
  return std::unique_ptr<Lane>(std::move(lane));
}

void TorchEngine::leave(std::weak_ptr<const void> run) {
  MutexLock lock(left_mutex_);
  left_.push_back(std::move(run));
}

std::size_t TorchEngine::left_runs() {
  MutexLock lock(left_mutex_);
  std::erase_if(left_, [](const std::weak_ptr<const void>& run) { return run.expired(); });
  return left_.size();
}

Result<std::shared_ptr<PluginModel>> TorchEngine::model() {
  MutexLock lock(mutex_);
  if (model_ != nullptr) return model_;
  const std::size_t threads = options_.threads.value_or(options_.most_threads);
  CLARY_TRY(std::shared_ptr<PluginModel> loaded,
            PluginModel::load(plugin_, {.folder = options_.model_folder,
                                        .device = options_.device,
                                        .lanes = static_cast<std::uint32_t>(options_.lanes),
                                        .threads = static_cast<std::uint32_t>(threads)}));
  warm_up(*loaded);
  model_ = std::move(loaded);
  // A model that keeps something, or that may not end, is not run but for those who ask.
  if (options_.threads || options_.most_threads == 1 || !model_->may_be_joined() ||
      model_->may_not_end())
    are_threads_chosen_ = true;
  return model_;
}

Status TorchEngine::before_run(PluginModel& model, const Tensor& input) {
  if (are_threads_chosen_) return {};
  // Whoever comes meanwhile waits here, so that nothing runs while it is measured.
  MutexLock lock(mutex_);
  if (are_threads_chosen_) return {};
  Tensor copy = input.copy();  // a model may write to its input
  CLARY_TRY(const std::uint32_t threads,
            choose_threads(model, copy, static_cast<std::uint32_t>(options_.most_threads), clock_));
  are_threads_chosen_ = true;
  logger_.info("the torch engine has measured how many threads a run takes",
               {{"threads", std::to_string(threads)}});
  return {};
}

void TorchEngine::warm_up(PluginModel& model) {
  std::string threads = std::to_string(options_.threads.value_or(options_.most_threads));
  for (const WarmUp& kind : kWarmUps) {
    const Result<std::string> body = read_file(path_join(options_.model_folder, kind.file));
    if (!body.ok()) continue;
    Result<Tensor> input = TensorReader().read(*body, kind.content_type);
    const std::size_t most = options_.threads ? 1 : options_.most_threads;
    Result<std::uint32_t> chosen =
        input.ok() ? choose_threads(model, *input, static_cast<std::uint32_t>(most), clock_)
                   : Result<std::uint32_t>(input.error());
    if (chosen.ok() && !options_.threads) threads = std::to_string(*chosen);
    if (chosen.ok()) are_threads_chosen_ = true;
    // The model serves other inputs all the same.
    if (!chosen.ok())
      logger_.warning("the model does not run with its warm-up input",
                      {{"file", kind.file}, {"why", first_line_of(chosen.error().message)}});
    break;
  }
  if (options_.threads) {
    const Status set = model.set_threads(static_cast<std::uint32_t>(*options_.threads));
    if (!set.ok()) logger_.warning("threads", {{"why", set.error().message}});
  }
  logger_.info(
      "the torch engine has loaded a model",
      {{"model", model.description()},
       {"threads", threads},
       {"batches", model.may_be_joined() ? "where rows are answered by themselves" : "no"}});
}

}  // namespace clary::serving
