#include "serving/invocation_sink.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "serving/front_replies.h"

namespace clary::serving {
namespace {

std::optional<std::string> field_of(const net::Headers& headers, std::string_view name) {
  const std::string* const value = headers.find(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
}

// From a network nobody sets it: one client could end workers under others' calls.
Duration timeout_of(const net::RequestHead& head, Duration most) {
  const std::string* const value = head.headers.find("X-Clary-Timeout-Ms");
  if (value == nullptr || !head.origin.peer.starts_with("unix")) return most;
  const auto milliseconds = parse_int(*value);
  if (!milliseconds || *milliseconds <= 0 || *milliseconds > most / std::chrono::milliseconds(1))
    return most;
  return std::chrono::milliseconds(*milliseconds);
}

}  // namespace

InvocationSink::InvocationSink(const FrontParts& front, InvocationLimits limits,
                               net::RequestHead head, FrontCall call, std::string model,
                               bool with_path)
    : front_(front),
      limits_(limits),
      timeout_(timeout_of(head, limits.timeout)),
      call_(std::move(call)),
      model_(std::move(model)) {
  request_.id = call_.id();
  request_.content_type = field_of(head.headers, "content-type");
  request_.accept = field_of(head.headers, "accept");
  if (with_path) {
    request_.method = head.method;
    request_.path = head.target;
  }
  request_.headers = std::move(head.headers);
}

Status InvocationSink::write(std::string_view piece) {
  call_.count_in(piece.size());
  if (piece.size() > limits_.body_bytes - request_.body.size()) return limit_exceeded("too large");
  const Status added = request_.body.append(piece);
  return added.ok() ? added : unavailable(added.error().message);
}

net::Reply InvocationSink::finish() {
  auto later = std::make_shared<net::ReplyLater>();
  // The queue owns the call, and the call its reply: whoever drops the one answers the other.
  PendingCall pending;
  pending.request = std::move(request_);
  // From here on: how long its body took is the caller's affair.
  pending.arrived = front_.clock.steady();
  pending.deadline = pending.arrived + timeout_;
  pending.is_abandoned = [later] { return later->is_abandoned(); };
  pending.answer = [later, call = call_](Result<ModelAnswer> outcome) {
    if (!outcome.ok()) return later->answer(call.ended(error_reply(outcome.error())));
    const StageTimes times = outcome->times;
    later->answer(call.ended(answer_reply(std::move(*outcome)), times));
  };
  if (const auto refused = front_.models.submit(model_, std::move(pending)))
    return call_.ended(refusal_reply(*refused));
  return net::Reply{.later = std::move(later)};
}

net::Reply InvocationSink::rejected(const Error& error) {
  return call_.ended(error.code == ErrorCode::kLimitExceeded ? too_large_reply(limits_.body_bytes)
                                                             : error_reply(error));
}

}  // namespace clary::serving
