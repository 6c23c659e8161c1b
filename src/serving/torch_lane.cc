#include "serving/torch_lane.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/time_text.h"
#include "serving/joint_runs.h"
#include "serving/torch_engine.h"

namespace clary::serving {

// What is run, and what came of it. Shared with a thread that may outlive the call.
struct TorchRun {
  Tensor input;
  std::optional<Result<PluginResult>> result;  // gone before the input
};

namespace {

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

}  // namespace

void TorchLane::load() {
  Result<std::shared_ptr<PluginModel>> model = engine_.model();
  model_ = model.ok() ? *model : nullptr;
  load_error_ = model.ok() ? "" : model.error().message;
  if (model_ != nullptr && model_->may_not_end() && thread_ == nullptr)
    thread_ = std::make_unique<RunThread>(clock_);
}

std::optional<std::string> TorchLane::failure() const {
  if (model_ != nullptr) return std::nullopt;
  const std::string_view text = trim(load_error_);
  return std::string(text.substr(0, text.find('\n')));
}

// Of a model that may not end, one call's run must not cost the others their answers.
bool TorchLane::takes_batches() const {
  return model_ != nullptr && model_->may_be_joined() && thread_ == nullptr;
}

LaneResult TorchLane::run(std::span<const ModelRequest* const> batch, Duration deadline) {
  LaneResult result;
  if (engine_.is_stopped()) {
    result.fault = LaneResult::Fault::kNotBegun;
    result.sentence = "the server is ending";
    return result;
  }
  if (batch.size() > 1 && takes_batches()) return run_joint(batch);
  for (const ModelRequest* request : batch) {
    const Duration began = clock_.steady();
    if (model_ == nullptr) load();
    Result<ModelAnswer> answer = model_ == nullptr ? Result<ModelAnswer>(failed_answer(load_error_))
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

LaneResult TorchLane::run_joint(std::span<const ModelRequest* const> batch) {
  const Duration began = clock_.steady();
  LaneResult result;
  result.answers.resize(batch.size());
  std::vector<Tensor> inputs;
  std::vector<std::size_t> places;  // of the inputs' requests
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Duration decoding = clock_.steady();
    Result<Tensor> input = read(*batch[i]);
    if (!input.ok()) {
      result.answers[i] = failed_answer(input.error().message);
      continue;
    }
    result.answers[i].times.decode = clock_.steady() - decoding;
    inputs.push_back(std::move(*input));
    places.push_back(i);
  }
  const auto take = [&](std::size_t index, const Result<Prediction>& prediction, Duration took) {
    ModelAnswer& answer = result.answers[places[index]];
    const std::optional<Duration> decode = answer.times.decode;
    answer = prediction.ok() ? encode(*prediction, *batch[places[index]])
                             : failed_answer(prediction.error().message);
    if (!prediction.ok()) return;
    answer.times.decode = decode;
    answer.times.predict = took;
  };
  result.is_trial = run_jointly(
      {.model = *model_, .proofs = engine_.proofs(), .clock = clock_, .take = take}, inputs);
  for (ModelAnswer& answer : result.answers) answer.times.handler = clock_.steady() - began;
  return result;
}

Result<Tensor> TorchLane::read(const ModelRequest& request) {
  CLARY_TRY(const BodyView body, BodyView::of(request.body));
  CLARY_TRY(Tensor input, reader_.read(body.bytes(), request.content_type));
  CLARY_RETURN_IF_ERROR(engine_.before_run(*model_, input));
  return input;
}

std::string TorchLane::accept_of(const ModelRequest& request) const {
  const bool is_named = request.accept && !request.accept->empty() && *request.accept != "*/*";
  return is_named ? *request.accept : engine_.options().default_accept;
}

ModelAnswer TorchLane::encode(const Prediction& prediction, const ModelRequest& request) const {
  const Duration began = clock_.steady();
  const std::string accept = accept_of(request);
  Result<std::string> text = encode_prediction(prediction, accept);
  if (!text.ok()) return failed_answer(text.error().message);
  ModelAnswer answer;
  answer.content_type = accept;
  answer.body = Payload(std::move(*text));
  answer.times.encode = clock_.steady() - began;
  return answer;
}

// Errors: Timeout, Cancelled: the run has not come back. What is wrong with the request, or what
// the model says, is an answer.
Result<ModelAnswer> TorchLane::answer_to(const ModelRequest& request, Duration deadline) {
  const Duration began = clock_.steady();
  Result<Tensor> input = read(request);
  if (!input.ok()) return failed_answer(input.error().message);
  const auto run = std::make_shared<TorchRun>();
  run->input = std::move(*input);
  const Duration decoded = clock_.steady();
  CLARY_RETURN_IF_ERROR(predict(run, decoded, deadline));
  const Duration predicted = clock_.steady();
  if (!run->result->ok()) return failed_answer(run->result->error().message);
  const Result<Prediction> prediction = (*run->result)->prediction();
  if (!prediction.ok()) return failed_answer(prediction.error().message);
  ModelAnswer answer = encode(*prediction, request);
  if (answer.status != 200) return answer;
  answer.times.decode = decoded - began;
  answer.times.predict = predicted - decoded;
  return answer;
}

Status TorchLane::predict(const std::shared_ptr<TorchRun>& run, Duration began, Duration deadline) {
  const auto step = [run, model = model_] { run->result.emplace(model->run(run->input)); };
  if (thread_ == nullptr) {
    step();
    return {};
  }
  if (thread_->run(step, deadline, [this] { return engine_.is_stopped(); })) return {};
  is_left_ = true;
  engine_.leave(run);
  if (engine_.is_stopped()) return cancelled("the server is ending");
  return timed_out("the model had not answered after " + format_duration(clock_.steady() - began) +
                   "; its run was left to itself");
}

}  // namespace clary::serving
