#include "host/transform_run.h"

#include <array>
#include <optional>
#include <utility>

#include "archives/byte_sources.h"
#include "base/files.h"
#include "host/failure.h"
#include "host/patience.h"
#include "host/record_splitter.h"
#include "host/tree_files.h"

namespace clary::host {
namespace {

constexpr std::size_t kInputPieceBytes = 256 << 10;
constexpr const char* kWorkFolder = "transform";

}  // namespace

struct TransformRun::Parts {
  ModelCaller caller;
  DataProcessing processing;
  TransformSettings settings;
  PayloadQueue queue;
};

TransformRun::TransformRun(HostContext& context) : context_(context) {
  thread_ = std::thread([this] { run(); });
}

TransformRun::~TransformRun() {
  if (thread_.joinable()) static_cast<void>(end());
}

Status TransformRun::end() {
  if (!finished()) {
    given_up_.store(true);
    const MutexLock lock(mutex_);
    if (queue_ != nullptr) queue_->give_up();
  }
  thread_.join();
  return result_;
}

void TransformRun::run() {
  result_ = work();
  static_cast<void>(remove_tree(context_.path(kWorkFolder)));
  finished_.store(true);
}

CallerPauses TransformRun::pauses() {
  return {.pause = context_.services.pause, .given_up = [this] { return given_up(); }};
}

Status TransformRun::work() {
  const std::string folder = context_.path(kWorkFolder);
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder, 0700));
  const hostlink::PlanTransform& transform = context_.plan.transform;
  Result<DataProcessing> processing = DataProcessing::of(transform);
  if (!processing.ok()) return processing.error().within("ClientError: DataProcessing");
  const Result<std::vector<TransformInput>> inputs = transform_inputs(context_);
  if (!inputs.ok()) {
    if (inputs.error().code == ErrorCode::kCancelled) return inputs.error();
    return Error{inputs.error().code, with_fault(inputs.error())};
  }
  const Result<std::unique_ptr<ModelLink>> link = wait_for_model(
      [this] { return context_.services.open_model(context_.plan.serving_socket); }, pauses());
  if (!link.ok()) {
    if (link.error().code == ErrorCode::kCancelled) return link.error();
    return Error{link.error().code, "AlgorithmError: " + link.error().message};
  }
  const TransformSettings settings = settled(transform, ask_execution_parameters(**link));
  context_.log->say("[sagemaker logs]: " + settings.text());
  Parts parts{.caller = ModelCaller(**link, transform, pauses()),
              .processing = *std::move(processing),
              .settings = settings,
              .queue = PayloadQueue(2 * static_cast<std::size_t>(settings.max_concurrent))};
  {
    const MutexLock lock(mutex_);
    queue_ = &parts.queue;
  }
  Status done = work_on(*inputs, parts);
  const MutexLock lock(mutex_);
  queue_ = nullptr;
  return done;
}

Status TransformRun::work_on(const std::vector<TransformInput>& inputs, Parts& parts) {
  std::vector<std::thread> callers;
  for (int i = 0; i < parts.settings.max_concurrent; ++i)
    callers.emplace_back([this, &parts] { answer_all(parts); });
  for (std::size_t i = 0; i < inputs.size() && !given_up(); ++i) {
    const Status done = read(inputs[i], i, parts);
    if (!done.ok() && done.error().code != ErrorCode::kCancelled)
      note_failure(inputs[i], done.error());
  }
  if (given_up()) parts.queue.give_up();
  parts.queue.end();
  for (std::thread& caller : callers) caller.join();
  if (given_up()) return cancelled("the transform was given up");
  return outcome(inputs.size());
}

// Errors: of an input for which there is no TransformObject; those of its records are noted.
Status TransformRun::read(const TransformInput& input, std::size_t number, Parts& parts) {
  const std::string file = context_.path(std::string(kWorkFolder) + "/input");
  CLARY_RETURN_IF_ERROR(fetch_transform_input(context_, input, file));
  CLARY_TRY(
      std::unique_ptr<TransformObject> made,
      TransformObject::make(
          input, context_.path(std::string(kWorkFolder) + "/" + std::to_string(number) + ".out"),
          context_.plan.transform.assemble == "Line"));
  const std::shared_ptr<TransformObject> object = std::move(made);
  std::size_t payloads = 0;
  const Status read = cut(file, object, payloads, parts);
  if (!read.ok() && read.error().code == ErrorCode::kCancelled) return read;
  take(object, read.ok() ? object->end(payloads) : object->fail(read.error(), 0), parts);
  return {};
}

// The file's records, filtered, into payloads, into the queue.
Status TransformRun::cut(const std::string& file, const std::shared_ptr<TransformObject>& object,
                         std::size_t& payloads, Parts& parts) {
  const std::uint64_t most = parts.settings.payload_bytes();
  const auto split = record_split_of(context_.plan.transform.split);
  if (!split) return unsupported("SplitType '" + context_.plan.transform.split + "'");
  const auto splitter = make_record_splitter(
      {.split = *split, .keep_frames = parts.settings.several_records, .most_bytes = most});
  PayloadBatcher batcher({.several = parts.settings.several_records,
                          .most_bytes = most,
                          .keep_records = parts.processing.joins()});
  const auto put = [&](std::optional<Payload> payload) -> Status {
    if (!payload) return {};
    const bool taken =
        parts.queue.put({.object = object, .index = payloads, .payload = *std::move(payload)});
    if (!taken) return cancelled("the transform was given up");
    ++payloads;
    return {};
  };
  CLARY_TRY(const std::unique_ptr<net::ByteSource> source, archives::open_file_source(file));
  std::vector<char> piece(kInputPieceBytes);
  for (std::size_t got = 1; got > 0;) {
    CLARY_TRY(got, source->read(piece));
    std::vector<std::string> records;
    CLARY_RETURN_IF_ERROR(got > 0 ? splitter->take({piece.data(), got}, records)
                                  : splitter->finish(records));
    for (std::string& record : records) {
      if (object->failed()) return {};  // its output is wanted no more
      CLARY_TRY(std::string body, parts.processing.body_of(record));
      CLARY_TRY(std::optional<Payload> full, batcher.add(std::move(body), std::move(record)));
      CLARY_RETURN_IF_ERROR(put(std::move(full)));
    }
  }
  return put(batcher.rest());
}

void TransformRun::answer_all(Parts& parts) {
  while (std::optional<PayloadWork> work = parts.queue.take()) answer(*work, parts);
}

void TransformRun::answer(PayloadWork& work, Parts& parts) {
  if (work.object->failed()) {
    parts.queue.settle(1);
    return;
  }
  const auto asked = [&]() -> Result<std::string> {
    CLARY_TRY(const ModelReply reply, parts.caller.ask(work.payload.body));
    return parts.processing.output_of(work.payload.records, reply.body, reply.content_type);
  };
  Result<std::string> output = asked();
  if (!output.ok() && output.error().code == ErrorCode::kCancelled)
    return parts.queue.give_up();  // this payload is never settled
  take(work.object,
       output.ok() ? work.object->put(work.index, *std::move(output))
                   : work.object->fail(output.error(), 1),
       parts);
}

void TransformRun::take(const std::shared_ptr<TransformObject>& object,
                        const TransformObject::Settled& settled, Parts& parts) {
  parts.queue.settle(settled.payloads);
  if (settled.failure) note_failure(object->input(), *settled.failure);
  if (settled.complete) upload(*object);
  if (settled.failure || settled.complete) static_cast<void>(remove_tree(object->file()));
}

void TransformRun::upload(const TransformObject& object) {
  const Result<objects::ObjectUri> to = transform_output_of(context_.plan, object.input());
  if (!to.ok()) return note_failure(object.input(), to.error());
  const Status done = with_patience(context_, to->to_string(), [&]() -> Status {
    const Result<FileStamp> uploaded =
        upload_file(*context_.store, context_.path(kWorkFolder), base_name(object.file()), *to);
    return uploaded.ok() ? Status() : Status(uploaded.error());
  });
  if (!done.ok())
    note_failure(object.input(),
                 done.error().within("its output '" + to->to_string() + "' could not be uploaded"));
}

void TransformRun::note_failure(const TransformInput& input, const Error& failure) {
  const Error told = failure.within(input.shown());
  context_.log->say("[sagemaker logs]: " + told.message);
  const MutexLock lock(mutex_);
  if (failures_++ == 0) first_failure_ = told;
}

Status TransformRun::outcome(std::size_t inputs) const {
  const MutexLock lock(mutex_);
  if (failures_ == 0) return {};
  Error told = first_failure_;
  if (failures_ > 1) {
    told.message = std::to_string(failures_) + " of " + std::to_string(inputs) +
                   " objects could not be transformed. The first: " + told.message;
  }
  return Error{told.code, with_fault(told)};
}

}  // namespace clary::host
