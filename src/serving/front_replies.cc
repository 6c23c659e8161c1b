#include "serving/front_replies.h"

#include <string>
#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

// Clients refuse a longer head; the whole message is the body.
constexpr std::size_t kMostReasonBytes = 4096;

std::string_view type_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return "AccessDeniedException";
    case 404:
      return "ResourceNotFoundException";
    case 405:
      return "MethodNotAllowedException";
    case 409:
      return "ConflictStatusException";
    case 413:
      return "RequestEntityTooLargeException";
    case 503:
      return "ServiceUnavailableException";
    case 507:
      return "InsufficientMemoryException";
    case 500:
    case 504:
      return "ModelError";
    default:
      return status < 500 ? "BadRequestException" : "InternalServerException";
  }
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported:
      return 400;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kLimitExceeded:
      return 507;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

net::Reply json_reply(int status, const Document& body) {
  net::Reply reply;
  reply.status = status;
  reply.headers.set("Content-Type", "application/json");
  reply.body = to_json(body) + '\n';
  return reply;
}

net::Reply refusal_reply(int status, std::string_view sentence) {
  return json_reply(
      status,
      Document::object({{"code", status}, {"type", type_of(status)}, {"message", sentence}}));
}

net::Reply refusal_reply(const Refusal& refusal) {
  net::Reply reply = refusal_reply(refusal.status, refusal.sentence);
  if (refusal.status == 503)
    reply.headers.set("Retry-After", std::to_string(refusal.retry_after.count()));
  return reply;
}

net::Reply too_large_reply(std::uint64_t limit_bytes) {
  return refusal_reply(413, "the body is larger than the " + format_bytes(limit_bytes) +
                                " that this server takes (--max-payload-mb, "
                                "SAGEMAKER_MAX_PAYLOAD_IN_MB)");
}

net::Reply error_reply(const Error& error) {
  return refusal_reply(Refusal{.sentence = error.message, .status = status_of(error.code)});
}

net::Reply answer_reply(ModelAnswer answer) {
  net::Reply reply;
  reply.status = answer.status;
  reply.reason = answer.reason.substr(0, kMostReasonBytes);
  reply.headers = std::move(answer.headers);
  if (answer.content_type) reply.headers.set("Content-Type", std::move(*answer.content_type));
  if (answer.pieces != nullptr) {
    reply.source = std::move(answer.pieces);
  } else {
    std::move(answer.body).move_into(reply);
  }
  return reply;
}

}  // namespace clary::serving
