#include "serving/model_front.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/document.h"
#include "base/json.h"
#include "base/strings.h"
#include "serving/local_caller.h"

namespace clary::serving {
namespace {

constexpr std::string_view kRequestId = "X-Request-Id";
constexpr std::size_t kMostIdBytes = 128;
constexpr std::string_view kModelLoadFailed = "ModelLoadFailed";

std::string_view type_of(int status) {
  switch (status) {
    case 403:
      return "AccessDeniedException";
    case 404:
      return "ResourceNotFoundException";
    case 405:
      return "MethodNotAllowedException";
    case 413:
      return "RequestEntityTooLargeException";
    case 503:
      return "ServiceUnavailableException";
    case 500:
    case 504:
      return "ModelError";
    default:
      return status < 500 ? "BadRequestException" : "InternalServerException";
  }
}

net::Reply busy_reply(const Refusal& refusal) {
  net::Reply reply = refusal_reply(503, refusal.sentence);
  reply.headers.set("Retry-After", std::to_string(refusal.retry_after.count()));
  return reply;
}

net::Reply too_large(std::uint64_t limit) {
  return refusal_reply(413, "the body is larger than the " + format_bytes(limit) +
                                " that this server takes (--max-payload-mb, "
                                "SAGEMAKER_MAX_PAYLOAD_IN_MB)");
}

net::Reply reply_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return busy_reply({.sentence = error.message});
    case ErrorCode::kTimeout:
      return refusal_reply(504, error.message);
    default:
      return refusal_reply(500, error.message);
  }
}

net::Reply reply_of(ModelAnswer answer) {
  net::Reply reply;
  reply.status = answer.status;
  reply.reason = std::move(answer.reason);
  reply.headers = std::move(answer.headers);
  if (answer.content_type) reply.headers.set("Content-Type", std::move(*answer.content_type));
  std::move(answer.body).move_into(reply);
  return reply;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<std::string> text_of(const net::Headers& headers, std::string_view name) {
  const std::string* const value = headers.find(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
}

}  // namespace

net::Reply refusal_reply(int status, std::string_view sentence) {
  net::Reply reply;
  reply.status = status;
  reply.headers.set("Content-Type", "application/json");
  reply.body = to_json(Document::object(
                   {{"code", status}, {"type", type_of(status)}, {"message", sentence}})) +
               '\n';
  return reply;
}

// One request on its way: what the log and the metrics say of it, once.
class ModelFront::Call {
 public:
  Call(ModelFront& front, const net::RequestHead& head)
      : front_(front),
        began_(front.clock_.steady()),
        method_(head.method),
        target_(head.target),
        peer_(head.origin.peer) {
    const std::string_view sent = head.headers.get(kRequestId);
    id_ = is_id(sent) ? std::string(sent) : front.ids_.uuid();
  }

  const std::string& id() const { return id_; }
  void count_in(std::uint64_t bytes) { bytes_in_ += bytes; }

  net::Reply ended(net::Reply reply, const StageTimes& times = {}) const {
    reply.headers.set(kRequestId, id_);
    const Duration total = front_.clock_.steady() - began_;
    if (target_.starts_with("/invocations")) front_.metrics_.count(reply.status, total, times);
    front_.log_.write({.id = id_,
                       .peer = peer_,
                       .method = method_,
                       .target = target_,
                       .status = reply.status,
                       .bytes_in = bytes_in_,
                       .bytes_out = reply.source_length.value_or(reply.body.size()),
                       .total = total,
                       .times = times});
    return reply;
  }

 private:
  ModelFront& front_;
  Duration began_;
  std::string id_;
  std::string method_;
  std::string target_;
  std::string peer_;
  std::uint64_t bytes_in_ = 0;
};

// Gathers the body; then the model has the call, and whoever has its answer gives it.
class ModelFront::InvocationSink final : public net::RequestSink {
 public:
  InvocationSink(ModelFront& front, net::RequestHead head, Call call)
      : front_(front), call_(std::move(call)) {
    request_.id = call_.id();
    request_.content_type = text_of(head.headers, "content-type");
    request_.accept = text_of(head.headers, "accept");
    request_.headers = std::move(head.headers);
  }

  Status write(std::string_view piece) override {
    call_.count_in(piece.size());
    if (piece.size() > front_.options_.max_payload_bytes - request_.body.size())
      return limit_exceeded("too large");
    const Status added = request_.body.append(piece);
    return added.ok() ? added : unavailable(added.error().message);
  }

  net::Reply finish() override {
    auto later = std::make_shared<net::ReplyLater>();
    // The queue owns the call, and the call its reply: whoever drops the one answers the other.
    PendingCall pending;
    pending.request = std::move(request_);
    // From here on: how long its body took is the caller's affair.
    pending.arrived = front_.clock_.steady();
    pending.deadline = pending.arrived + front_.options_.timeout;
    pending.is_abandoned = [later] { return later->is_abandoned(); };
    pending.answer = [later, call = call_](Result<ModelAnswer> outcome) {
      if (!outcome.ok()) return later->answer(call.ended(reply_of(outcome.error())));
      const StageTimes times = outcome->times;
      later->answer(call.ended(reply_of(std::move(*outcome)), times));
    };
    if (const auto refused = front_.model_.submit(std::move(pending)))
      return call_.ended(busy_reply(*refused));
    return net::Reply{.later = std::move(later)};
  }

  net::Reply rejected(const Error& error) override {
    return call_.ended(error.code == ErrorCode::kLimitExceeded
                           ? too_large(front_.options_.max_payload_bytes)
                           : reply_of(error));
  }

 private:
  ModelFront& front_;
  Call call_;
  ModelRequest request_;
};

ModelFront::ModelFront(LiveModel& model, ModelMetrics& metrics, AccessLog& log, const Clock& clock,
                       IdSource& ids, FrontOptions options)
    : model_(model), metrics_(metrics), log_(log), clock_(clock), ids_(ids), options_(options) {}

std::variant<net::Reply, std::unique_ptr<net::RequestSink>> ModelFront::start(
    net::RequestHead head) {
  const bool invokes = head.raw_path() == "/invocations" && head.method == "POST" &&
                       !(options_.only_local_callers && foreign_caller(head));
  if (invokes) return invoke(std::move(head));
  const Call call(*this, head);
  return call.ended(answer_now(head));
}

std::variant<net::Reply, std::unique_ptr<net::RequestSink>> ModelFront::invoke(
    net::RequestHead head) {
  Call call(*this, head);
  const std::uint64_t announced = head.content_length.value_or(0);
  if (announced > options_.max_payload_bytes)
    return call.ended(too_large(options_.max_payload_bytes));
  // Said before the body is sent, where the caller waits for 100 Continue.
  if (const auto refused = model_.refusal(announced)) return call.ended(busy_reply(*refused));
  return std::make_unique<InvocationSink>(*this, std::move(head), std::move(call));
}

net::Reply ModelFront::answer_now(const net::RequestHead& head) const {
  if (options_.only_local_callers) {
    if (const auto sentence = foreign_caller(head)) return refusal_reply(403, *sentence);
  }
  const std::string_view path = head.raw_path();
  const bool reads = head.method == "GET" || head.method == "HEAD";
  const auto wrong_method = [&](const char* allowed) {
    net::Reply reply =
        refusal_reply(405, "'" + std::string(path) + "' takes " + allowed + ", not " + head.method);
    reply.headers.set("Allow", allowed);
    return reply;
  };
  if (path == "/ping") return reads ? ping() : wrong_method("GET");
  if (path == "/metrics") return reads ? metrics_page() : wrong_method("GET");
  if (path == "/invocations") return wrong_method("POST");
  return refusal_reply(404, "there is no '" + std::string(path.substr(0, 200)) +
                                "': /ping, /invocations and /metrics are served");
}

net::Reply ModelFront::ping() const {
  const Readiness now = model_.readiness();
  if (now.ready) return {};
  net::Reply reply = busy_reply({.sentence = now.sentence});
  // Told from a model that is still being loaded: waiting will hardly help.
  if (now.failed) {
    reply.body = to_json(Document::object(
                     {{"code", 503}, {"type", kModelLoadFailed}, {"message", now.sentence}})) +
                 '\n';
  }
  return reply;
}

net::Reply ModelFront::metrics_page() const {
  using Type = telemetry::PrometheusType;
  telemetry::PrometheusText text;
  metrics_.write(text);
  text.family("clary_model_waiting", "Requests that wait for a worker.", Type::kGauge);
  text.sample("clary_model_waiting", {}, static_cast<double>(model_.waiting()));
  const std::vector<LaneView> lanes = model_.lanes();
  const auto in_phase = [&](LanePhase phase) {
    return static_cast<double>(std::count_if(
        lanes.begin(), lanes.end(), [phase](const LaneView& lane) { return lane.phase == phase; }));
  };
  text.family("clary_model_workers", "Workers by what they can do.", Type::kGauge);
  text.sample("clary_model_workers", {{"state", "ready"}}, in_phase(LanePhase::kServing));
  text.sample("clary_model_workers", {{"state", "failing"}}, in_phase(LanePhase::kUnloaded));
  text.sample("clary_model_workers", {{"state", "starting"}}, in_phase(LanePhase::kClosed));
  if (counters) {
    const net::ServerCounters seen = counters();
    text.family("clary_connections_open", "Connections.", Type::kGauge);
    text.sample("clary_connections_open", {}, static_cast<double>(seen.connections_open));
    text.family("clary_connections_total", "Connections since the start.", Type::kCounter);
    text.sample("clary_connections_total", {}, static_cast<double>(seen.connections_total));
  }
  net::Reply reply;
  reply.headers.set("Content-Type", std::string(telemetry::PrometheusText::kContentType));
  reply.body = text.text();
  return reply;
}

net::Reply ModelFront::overloaded(const net::RequestHead& head) {
  const Call call(*this, head);
  return call.ended(busy_reply({.sentence = "the server has more requests than it can take"}));
}

}  // namespace clary::serving
