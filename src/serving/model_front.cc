#include "serving/model_front.h"

#include <optional>
#include <utility>

#include "serving/front_replies.h"
#include "serving/local_caller.h"

namespace clary::serving {
namespace {

constexpr std::string_view kModelLoadFailed = "ModelLoadFailed";
constexpr std::string_view kTargetModel = "X-Amzn-SageMaker-Target-Model";

bool is_of_model(FrontTarget target) {
  return target == FrontTarget::kInvocation || target == FrontTarget::kModelPath ||
         target == FrontTarget::kModelCall;
}

bool is_ping(FrontTarget target) {
  return target == FrontTarget::kPing || target == FrontTarget::kLive;
}

bool is_of_many(FrontTarget target) {
  return target == FrontTarget::kModels || target == FrontTarget::kModel ||
         target == FrontTarget::kModelCall;
}

net::Reply wrong_method(const net::RequestHead& head, std::string_view allowed) {
  net::Reply reply =
      refusal_reply(405, "'" + std::string(head.raw_path().substr(0, 200)) + "' takes " +
                             std::string(allowed) + ", not " + head.method);
  reply.headers.set("Allow", std::string(allowed));
  return reply;
}

}  // namespace

ModelFront::Outcome ModelFront::start(net::RequestHead head) {
  FrontCall call(parts_, head);
  const FrontPath path = path_of(head);
  if (is_of_model(path.target)) call.is_of(path.model);
  if (is_ping(path.target) && !options_.log_pings) call.is_ping();
  if (options_.only_local_callers) {
    if (const auto sentence = foreign_caller(head))
      return call.ended(refusal_reply(403, *sentence));
  }
  if (path.target != FrontTarget::kNothing && !takes_method(path.methods, head.method))
    return call.ended(wrong_method(head, path.methods));
  if (is_of_model(path.target)) return invoke(std::move(head), path, std::move(call));
  if (is_of_many(path.target)) return many->start(head, path, std::move(call));
  return call.ended(answer_now(head, path));
}

bool ModelFront::is_quick(const net::RequestHead& head) const {
  const FrontTarget target = path_of(head).target;
  return (is_of_model(target) && many == nullptr) || target == FrontTarget::kPing;
}

FrontPath ModelFront::path_of(const net::RequestHead& head) const {
  FrontPath path = read_front_path(head.raw_path());
  if (many == nullptr) return is_of_many(path.target) ? FrontPath() : path;
  if (path.target == FrontTarget::kInvocation) path.model = head.headers.get(kTargetModel);
  return path;
}

ModelFront::Outcome ModelFront::invoke(net::RequestHead head, const FrontPath& path,
                                       FrontCall call) {
  const std::uint64_t announced = head.content_length.value_or(0);
  if (announced > options_.max_payload_bytes)
    return call.ended(too_large_reply(options_.max_payload_bytes));
  // Said before the body is sent, where the caller waits for 100 Continue.
  if (const auto refused = parts_.models.refusal(path.model, announced))
    return call.ended(refusal_reply(*refused));
  // /models/NAME/invoke is /invocations of a model that has a name.
  const bool with_path = path.target == FrontTarget::kModelPath ||
                         (path.target == FrontTarget::kInvocation && !head.raw_query().empty());
  return std::make_unique<InvocationSink>(
      parts_,
      InvocationLimits{.body_bytes = options_.max_payload_bytes, .timeout = options_.timeout},
      std::move(head), std::move(call), path.model, with_path);
}

net::Reply ModelFront::answer_now(const net::RequestHead& head, const FrontPath& path) const {
  switch (path.target) {
    case FrontTarget::kPing:
      return ping();
    case FrontTarget::kLive:
      return {};
    case FrontTarget::kMetrics:
      return metrics_page();
    default:
      return refusal_reply(404, "there is no '" + std::string(head.raw_path().substr(0, 200)) +
                                    "': /ping, /invocations, /metrics and the paths of models are "
                                    "served");
  }
}

net::Reply ModelFront::ping() const {
  const Readiness now = parts_.models.readiness();
  if (now.ready) return {};
  // Told from a model that is still being loaded: waiting will hardly help.
  if (now.failed) {
    return json_reply(
        503,
        Document::object({{"code", 503}, {"type", kModelLoadFailed}, {"message", now.sentence}}));
  }
  return refusal_reply(Refusal{.sentence = now.sentence});
}

net::Reply ModelFront::metrics_page() const {
  using Type = telemetry::PrometheusType;
  telemetry::PrometheusText text;
  parts_.models.write_metrics(text);
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
  FrontCall call(parts_, head);
  const FrontPath path = path_of(head);
  if (is_of_model(path.target)) call.is_of(path.model);
  return call.ended(
      refusal_reply(Refusal{.sentence = "the server has more requests than it can take"}));
}

}  // namespace clary::serving
