#include "serving/python_engine.h"

#include <utility>
#include <vector>

#include "base/time_text.h"
#include "serving/answer_pieces.h"

namespace clary::serving {
namespace {

constexpr std::string_view kHeaderPrefix = "h:";
// A lane that waits for a slow client looks so often whether its worker is still there.
constexpr Duration kClientLook = std::chrono::milliseconds(100);

std::optional<Duration> microseconds(const FrameFields& fields, std::string_view name) {
  const auto count = fields.find_number(name);
  return count ? std::optional<Duration>(Duration(*count)) : std::nullopt;
}

std::optional<std::string> text_of(const FrameFields& fields, std::string_view name) {
  const std::string* const value = fields.find(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
}

FrameFields to_fields(const ModelRequest& request, std::size_t batch) {
  FrameFields fields;
  fields.add("id", request.id);
  if (batch > 1) fields.add("batch", std::to_string(batch));
  if (request.content_type) fields.add("content-type", *request.content_type);
  if (request.accept) fields.add("accept", *request.accept);
  if (!request.method.empty()) fields.add("method", request.method);
  if (!request.path.empty()) fields.add("path", request.path);
  for (const auto& [name, value] : request.headers.fields())
    fields.add(std::string(kHeaderPrefix) + name, value);
  return fields;
}

Result<ModelAnswer> to_answer(ReceivedFrame frame) {
  const auto status = frame.fields.find_number("status");
  if (frame.kind != FrameKind::kAnswer || !status || *status < 200 || *status > 999)
    return internal_error("the worker sent what is no answer");
  ModelAnswer answer;
  answer.status = static_cast<int>(*status);
  answer.reason = text_of(frame.fields, "phrase").value_or("");
  answer.content_type = text_of(frame.fields, "content-type");
  for (const auto& [name, value] : frame.fields.all()) {
    if (name.starts_with(kHeaderPrefix)) answer.headers.add(name.substr(2), value);
  }
  answer.times.decode = microseconds(frame.fields, "decode_us");
  answer.times.predict = microseconds(frame.fields, "predict_us");
  answer.times.encode = microseconds(frame.fields, "encode_us");
  answer.times.handler = microseconds(frame.fields, "handler_us");
  answer.body = std::move(frame.body);
  return answer;
}

class PythonLane final : public Lane {
 public:
  PythonLane(std::shared_ptr<ForkServer> server, ForkedWorker worker, const Clock& clock)
      : server_(std::move(server)), worker_(std::move(worker)), clock_(clock) {}

  ~PythonLane() override {
    worker_.socket = WorkerSocket(Fd());  // it sees the end
    if (!is_ended_) server_->end_worker(worker_.pid);
  }

  // Waits for the worker's first frame.
  Status wait_until_ready(Duration deadline) {
    Result<ReceivedFrame> first = worker_.socket.receive(clock_, deadline);
    if (!first.ok() && first.error().code == ErrorCode::kTimeout) {
      end_now();
      return timed_out("loading the model took too long");
    }
    if (!first.ok()) return unavailable("its process ended while it was loaded: " + end());
    if (first->kind == FrameKind::kFailed)
      return unavailable(text_of(first->fields, "message").value_or("no reason was given"));
    if (first->kind != FrameKind::kReady) return internal_error("the worker sent no first frame");
    failure_ = text_of(first->fields, "failure");
    takes_batches_ = first->fields.find_number("batches") == 1;
    return {};
  }

  std::optional<std::string> failure() const override { return failure_; }
  bool takes_batches() const override { return takes_batches_; }
  bool is_alive() const override { return !worker_.socket.is_closed(); }

  LaneResult run(std::span<const ModelRequest* const> batch, Duration deadline) override {
    const Duration began = clock_.steady();
    for (const ModelRequest* request : batch) {
      const Status sent = worker_.socket.send(FrameKind::kRequest,
                                              to_fields(*request, batch.size()), request->body);
      if (!sent.ok()) return fault_of(sent.error(), clock_.steady() - began, false);
    }
    LaneResult result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Result<ReceivedFrame> frame = worker_.socket.receive(clock_, deadline);
      if (!frame.ok()) return fault_of(frame.error(), clock_.steady() - began, i > 0);
      failure_ = text_of(frame->fields, "failure");
      const bool begins = frame->fields.find("more") != nullptr;
      Result<ModelAnswer> answer = to_answer(std::move(*frame));
      if (answer.ok() && begins && batch.size() > 1)
        answer = internal_error("the worker sent the beginning of an answer among several");
      if (!answer.ok()) return fault_of(answer.error(), clock_.steady() - began, true);
      if (begins) {
        const Status begun = begin_pieces(*answer, result);
        if (!begun.ok()) return fault_of(begun.error(), clock_.steady() - began, true);
      }
      result.answers.push_back(std::move(*answer));
    }
    return result;
  }

 private:
  // Its body is the first piece of what follows.
  Status begin_pieces(ModelAnswer& answer, LaneResult& result) {
    CLARY_TRY(const std::string first, answer.body.to_text());
    auto pieces = std::make_shared<AnswerPieces>();
    pieces->put(first, Duration(0));
    answer.body = Payload();
    answer.pieces = AnswerPieces::source_of(pieces);
    result.rest = [this, pieces](Duration patience) { return pass_on(*pieces, patience); };
    return {};
  }

  // From the worker to the connection, until the last piece.
  LaneResult pass_on(AnswerPieces& pieces, Duration patience) {
    bool stopped = false;
    for (;;) {
      if (!stopped && !pieces.is_wanted()) {
        stopped = true;
        // One that has ended says so itself.
        static_cast<void>(worker_.socket.send(FrameKind::kStop, {}));
      }
      const Duration began = clock_.steady();
      Result<ReceivedFrame> frame = worker_.socket.receive(clock_, began + patience);
      if (frame.ok() && frame->kind == FrameKind::kEnd) {
        const std::string* const broken = frame->fields.find("broken");
        pieces.end(broken == nullptr ? Status() : internal_error(*broken));
        return {};
      }
      const Status passed =
          frame.ok() ? pass_piece(*frame, pieces, patience) : Status(frame.error());
      if (passed.ok()) continue;
      LaneResult fault = fault_of(passed.error(), clock_.steady() - began, true);
      pieces.end(internal_error(fault.sentence));
      return fault;
    }
  }

  // Waits for a slow client; one that takes nothing for so long has lost the rest.
  Status pass_piece(const ReceivedFrame& frame, AnswerPieces& pieces, Duration patience) {
    if (frame.kind != FrameKind::kPiece || frame.body.size() == 0)
      return internal_error("the worker sent what is no piece of an answer");
    CLARY_TRY(const std::string piece, frame.body.to_text());
    const Duration deadline = clock_.steady() + patience;
    while (!pieces.put(piece, kClientLook)) {
      if (worker_.socket.is_closed()) return cancelled("the worker has ended");
      if (clock_.steady() >= deadline) pieces.end(timed_out("the client takes no bytes"));
    }
    return {};
  }

  // begun: an answer of the batch had come.
  LaneResult fault_of(const Error& error, Duration after, bool begun) {
    using Fault = LaneResult::Fault;
    if (error.code == ErrorCode::kUnavailable && !begun)
      return {
          .fault = Fault::kNotBegun, .sentence = "its process has ended: " + end(), .answers = {}};
    if (error.code == ErrorCode::kTimeout) {
      end_now();
      return {.fault = Fault::kTooLong,
              .sentence = "the model had not answered after " + format_duration(after) +
                          "; its worker was ended",
              .answers = {}};
    }
    if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kCancelled) {
      return {.fault = Fault::kEnded,
              .sentence = "the model's process ended while it answered: " + end(),
              .answers = {}};
    }
    end_now();
    return {.fault = Fault::kEnded,
            .sentence = "the model's process was ended: " + error.message,
            .answers = {}};
  }

  std::string end() {
    is_ended_ = true;
    return server_->end_worker(worker_.pid);
  }
  void end_now() {
    ForkServer::kill_worker(worker_.pid);
    end();
  }

  std::shared_ptr<ForkServer> server_;
  ForkedWorker worker_;
  const Clock& clock_;
  std::optional<std::string> failure_;
  bool takes_batches_ = false;
  bool is_ended_ = false;
};

}  // namespace

PythonEngine::PythonEngine(PythonProgram program, const Clock& clock)
    : program_(std::move(program)), clock_(clock) {}

PythonEngine::~PythonEngine() { stop(); }

// The one there is, or a new one. Others wait meanwhile; stop() does not.
Result<std::shared_ptr<ForkServer>> PythonEngine::fork_server(Duration deadline) {
  MutexLock starting(starting_);
  std::shared_ptr<ForkServer> made;
  {
    MutexLock lock(mutex_);
    if (stopped_) return cancelled("the server is ending");
    if (server_ != nullptr) return server_;
    CLARY_TRY(server_, ForkServer::spawn(program_, clock_));
    made = server_;
  }
  const Status ready = made->wait_until_ready(deadline);
  if (ready.ok()) return made;
  forget(made);
  return ready.error();
}

void PythonEngine::forget(const std::shared_ptr<ForkServer>& server) {
  MutexLock lock(mutex_);
  if (server_ == server) server_.reset();
}

Result<std::unique_ptr<Lane>> PythonEngine::open_lane(Duration deadline) {
  CLARY_TRY(std::shared_ptr<ForkServer> server, fork_server(deadline));
  Result<ForkedWorker> worker = server->fork_worker();
  if (!worker.ok()) {
    forget(server);  // the next attempt makes another one
    return worker.error();
  }
  auto lane = std::make_unique<PythonLane>(std::move(server), std::move(*worker), clock_);
  CLARY_RETURN_IF_ERROR(lane->wait_until_ready(deadline));
  return std::unique_ptr<Lane>(std::move(lane));
}

std::uint64_t PythonEngine::memory_bytes() const {
  std::shared_ptr<ForkServer> server;
  {
    MutexLock lock(mutex_);
    server = server_;
  }
  return server == nullptr ? 0 : server->memory_bytes();
}

void PythonEngine::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (server_ != nullptr) server_->kill();
}

}  // namespace clary::serving
