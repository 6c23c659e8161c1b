#include "host/model_caller.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "host/failure.h"

namespace clary::host {
namespace {

constexpr Duration kPingLimit = std::chrono::seconds(5);
constexpr Duration kPingPause = std::chrono::milliseconds(50);
constexpr Duration kPingPatience = std::chrono::minutes(30);
constexpr Duration kFirstRetryPause = std::chrono::milliseconds(200);
constexpr Duration kLongestRetryPause = std::chrono::seconds(5);
constexpr std::size_t kSaidCharacters = 700;

// The sentence of a refusal as model servers write it, else its text.
std::string said_in(std::string_view body) {
  const Result<Document> document = parse_json(body);
  std::string text = document.ok() ? document->string_or("message", "") : "";
  if (text.empty()) text = body;
  return without_middle(trim(to_valid_utf8(text)), kSaidCharacters);
}

std::string with_said(std::string sentence, const std::string& said) {
  return said.empty() ? sentence : sentence + ": " + said;
}

bool load_failed(const net::ClientReply& reply) {
  const Result<Document> document = parse_json(reply.body);
  return document.ok() && document->string_or("type", "") == "ModelLoadFailed";
}

bool may_be_retried(const Result<net::ClientReply>& reply) {
  if (!reply.ok()) return reply.error().code != ErrorCode::kLimitExceeded;
  return reply->status == 429 || reply->status >= 500;
}

}  // namespace

Result<std::unique_ptr<ModelLink>> wait_for_model(
    const std::function<Result<std::unique_ptr<ModelLink>>()>& open, const CallerPauses& pauses) {
  std::string last;
  for (Duration waited{0}; waited < kPingPatience; waited += kPingPause) {
    if (pauses.given_up()) return cancelled("the model was not ready yet");
    Result<std::unique_ptr<ModelLink>> link = open();
    if (link.ok()) {
      const Result<net::ClientReply> pong = (*link)->send({.target = "/ping"}, kPingLimit);
      if (pong.ok() && pong->status == 200) return link;
      if (pong.ok()) last = said_in(pong->body);
      if (!pong.ok() && pong.error().code == ErrorCode::kTimeout) waited += kPingLimit;
      if (pong.ok() && load_failed(*pong))
        return invalid_argument(with_said("The model did not pass the ping health check", last));
    }
    pauses.pause(kPingPause);
  }
  return invalid_argument(
      with_said("The model did not pass the ping health check within 30 minutes", last));
}

ExecutionParameters ask_execution_parameters(ModelLink& link) {
  const Result<net::ClientReply> reply = link.send({.target = "/execution-parameters"}, kPingLimit);
  return reply.ok() ? execution_parameters(reply->status, reply->body) : ExecutionParameters();
}

Result<net::ClientReply> ModelCaller::try_often(const net::ClientRequest& request) const {
  const Duration limit = std::chrono::seconds(transform_.timeout_seconds);
  Duration pause = kFirstRetryPause;
  for (int left = transform_.max_retries;; --left) {
    if (pauses_.given_up()) return cancelled("the transform was given up");
    Result<net::ClientReply> reply = link_.send(request, limit);
    if (left <= 0 || !may_be_retried(reply)) return reply;
    pauses_.pause(pause);
    pause = std::min(2 * pause, kLongestRetryPause);
  }
}

Result<ModelReply> ModelCaller::ask(const std::string& body) const {
  net::ClientRequest request{.method = "POST", .target = "/invocations", .body = body};
  if (!transform_.content_type.empty())
    request.headers.add("Content-Type", transform_.content_type);
  if (!transform_.accept.empty()) request.headers.add("Accept", transform_.accept);
  Result<net::ClientReply> reply = try_often(request);
  if (!reply.ok()) {
    const Error& error = reply.error();
    if (error.code == ErrorCode::kCancelled) return error;
    if (error.code == ErrorCode::kTimeout) {
      return invalid_argument("The model did not answer within " +
                              std::to_string(transform_.timeout_seconds) +
                              " s (ModelClientConfig.InvocationsTimeoutInSeconds)");
    }
    return invalid_argument("The model did not answer: " + error.message);
  }
  if (reply->status / 100 != 2) {
    return invalid_argument(
        with_said("Bad HTTP status received from algorithm: " + std::to_string(reply->status),
                  said_in(reply->body)));
  }
  ModelReply answer;
  if (const std::string* type = reply->headers.find("Content-Type")) answer.content_type = *type;
  answer.body = std::move(reply->body);
  return answer;
}

}  // namespace clary::host
