#include "serving/torch_engine.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_text.h"
#include "serving/run_thread.h"
#include "serving/tensor_codec.h"

namespace clary::serving {
namespace {

// What a model folder may hold to be run once before anybody asks, and to choose the threads by.
struct WarmUp {
  const char* file;
  const char* content_type;
};
constexpr std::array<WarmUp, 3> kWarmUps = {{{"warmup.npy", "application/x-npy"},
                                             {"warmup.json", "application/json"},
                                             {"warmup.csv", "text/csv"}}};

// A body's bytes where they are: a shared one is mapped.
class BodyView {
 public:
  static Result<BodyView> of(const Payload& body) {
    BodyView view;
    if (!body.is_shared()) {
      view.bytes_ = body.inside();
      return view;
    }
    view.length_ = static_cast<std::size_t>(body.size());
    void* const at =
        ::mmap(nullptr, view.length_, PROT_READ, MAP_PRIVATE, body.descriptor().get(), 0);
    if (at == MAP_FAILED) return system_error("map a request's body");
    view.mapped_ = at;
    view.bytes_ = {static_cast<const char*>(at), view.length_};
    return view;
  }
  BodyView(BodyView&& other) noexcept
      : bytes_(other.bytes_),
        mapped_(std::exchange(other.mapped_, nullptr)),
        length_(other.length_) {}
  BodyView& operator=(BodyView&&) = delete;
  ~BodyView() {
    if (mapped_ != nullptr) ::munmap(mapped_, length_);
  }
  std::string_view bytes() const { return bytes_; }

 private:
  BodyView() = default;
  std::string_view bytes_;
  void* mapped_ = nullptr;
  std::size_t length_ = 0;
};

// As the toolkit answers an exception, without the traceback: no Python ran.
ModelAnswer failed_answer(const std::string& message) {
  ModelAnswer answer;
  answer.status = 500;
  answer.reason = message;
  std::ranges::replace_if(
      answer.reason, [](char letter) { return letter == '\r' || letter == '\n'; }, ' ');
  answer.body = Payload(message + "\n");
  return answer;
}

std::string first_line(std::string_view text) {
  text = trim(text);
  return std::string(text.substr(0, text.find('\n')));
}

// What is run, and what came of it. Shared with a thread that may outlive the call.
struct Run {
  Tensor input;
  std::optional<Result<PluginResult>> result;  // gone before the input
};

class TorchLane final : public Lane {
 public:
  TorchLane(TorchEngine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  void load() {
    Result<std::shared_ptr<PluginModel>> model = engine_.model();
    model_ = model.ok() ? *model : nullptr;
    load_error_ = model.ok() ? "" : model.error().message;
    if (model_ != nullptr && model_->may_not_end() && thread_ == nullptr)
      thread_ = std::make_unique<RunThread>(clock_);
  }

  std::optional<std::string> failure() const override {
    if (model_ != nullptr) return std::nullopt;
    return first_line(load_error_);
  }
  bool takes_batches() const override { return false; }
  bool is_alive() const override { return !is_left_; }

  LaneResult run(std::span<const ModelRequest* const> batch, Duration deadline) override {
    LaneResult result;
    if (engine_.is_stopped()) {
      result.fault = LaneResult::Fault::kNotBegun;
      result.sentence = "the server is ending";
      return result;
    }
    for (const ModelRequest* request : batch) {
      const Duration began = clock_.steady();
      if (model_ == nullptr) load();
      Result<ModelAnswer> answer = model_ == nullptr
                                       ? Result<ModelAnswer>(failed_answer(load_error_))
                                       : answer_to(*request, deadline);
      if (!answer.ok()) {
        result.fault = answer.error().code == ErrorCode::kTimeout ? LaneResult::Fault::kTooLong
                                                                  : LaneResult::Fault::kEnded;
        result.sentence = answer.error().message;
        return result;
      }
      answer->times.handler = clock_.steady() - began;
      result.answers.push_back(std::move(*answer));
    }
    return result;
  }

 private:
  // Errors: Timeout, Cancelled: the run has not come back. What is wrong with the request, or what
  // the model says, is an answer.
  Result<ModelAnswer> answer_to(const ModelRequest& request, Duration deadline) {
    const Duration began = clock_.steady();
    const std::string accept =
        request.accept && !request.accept->empty() && *request.accept != "*/*"
            ? *request.accept
            : engine_.options().default_accept;
    const auto run = std::make_shared<Run>();
    {
      const Result<BodyView> body = BodyView::of(request.body);
      if (!body.ok()) return failed_answer(body.error().message);
      Result<Tensor> input = reader_.read(body->bytes(), request.content_type);
      if (!input.ok()) return failed_answer(input.error().message);
      run->input = std::move(*input);
    }
    const Duration decoded = clock_.steady();
    CLARY_RETURN_IF_ERROR(predict(run, decoded, deadline));
    const Duration predicted = clock_.steady();
    if (!run->result->ok()) return failed_answer(run->result->error().message);
    const Result<Prediction> prediction = (*run->result)->prediction();
    if (!prediction.ok()) return failed_answer(prediction.error().message);
    Result<std::string> text = encode_prediction(*prediction, accept);
    if (!text.ok()) return failed_answer(text.error().message);
    ModelAnswer answer;
    answer.content_type = accept;
    answer.body = Payload(std::move(*text));
    answer.times.decode = decoded - began;
    answer.times.predict = predicted - decoded;
    answer.times.encode = clock_.steady() - predicted;
    return answer;
  }

  Status predict(const std::shared_ptr<Run>& run, Duration began, Duration deadline) {
    const auto step = [run, model = model_] { run->result.emplace(model->run(run->input)); };
    if (thread_ == nullptr) {
      step();
      return {};
    }
    if (thread_->run(step, deadline, [this] { return engine_.is_stopped(); })) return {};
    is_left_ = true;
    engine_.leave(run);
    if (engine_.is_stopped()) return cancelled("the server is ending");
    return timed_out("the model had not answered after " +
                     format_duration(clock_.steady() - began) + "; its run was left to itself");
  }

  TorchEngine& engine_;
  const Clock& clock_;
  std::shared_ptr<PluginModel> model_;
  std::string load_error_;
  TensorReader reader_;
  std::unique_ptr<RunThread> thread_;  // of a model that may never end
  bool is_left_ = false;
};

}  // namespace

TorchEngine::TorchEngine(TorchEngineOptions options, const Clock& clock, const Logger& logger)
    : options_(std::move(options)), clock_(clock), logger_(logger) {}

TorchEngine::~TorchEngine() = default;

Result<std::unique_ptr<Lane>> TorchEngine::open_lane(Duration) {
  if (stopped_) return cancelled("the server is ending");
  for (const char* code : {"code/inference.py", "MAR-INF/MANIFEST.json"}) {
    if (exists(path_join(options_.model_folder, code)))
      return unsupported(std::string("the torch engine: the model brings ") + code +
                         ", which only the python engine runs");
  }
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
  return model_;
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
    // The model serves other inputs all the same.
    if (!chosen.ok())
      logger_.warning("the model does not run with its warm-up input",
                      {{"file", kind.file}, {"why", first_line(chosen.error().message)}});
    break;
  }
  if (options_.threads) {
    const Status set = model.set_threads(static_cast<std::uint32_t>(*options_.threads));
    if (!set.ok()) logger_.warning("threads", {{"why", set.error().message}});
  }
  logger_.info("the torch engine has loaded a model",
               {{"model", model.description()}, {"threads", threads}});
}

}  // namespace clary::serving
