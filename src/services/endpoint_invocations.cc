#include "services/endpoint_invocations.h"

#include <optional>
#include <utility>

#include "net/http.h"
#include "services/model_error.h"
#include "services/payload_parts.h"

namespace clary::services {
namespace {

ServiceError call_error(const Error& error, const std::string& endpoint,
                        const CallContext& context) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return no_endpoint(endpoint, context);
    case ErrorCode::kTimeout:
      return model_timeout(endpoint, context);
    case ErrorCode::kUnavailable: {
      ServiceError out("ServiceUnavailable", error.message, 503);
      out.kind = ErrorCode::kLimitExceeded;  // nothing of the server's own that failed
      return out;
    }
    case ErrorCode::kLimitExceeded: {
      ServiceError out("ThrottlingException", error.message, 429);
      out.kind = ErrorCode::kLimitExceeded;
      return out;
    }
    default:
      return error;
  }
}

// Request: of either operation.
template <typename Request>
hosting::EndpointCall call_of(const Request& request, std::string body,
                              const CallContext& context) {
  hosting::EndpointCall call{.endpoint = EndpointName(request.endpoint_name),
                             .request_id = context.request_id.value(),
                             .content_type = request.content_type,
                             .accept = request.accept,
                             .custom_attributes = request.custom_attributes.value_or(""),
                             .target_variant = request.target_variant.value_or(""),
                             .target_container = request.target_container_hostname.value_or(""),
                             .inference_id = request.inference_id.value_or(""),
                             .session_id = request.session_id.value_or(""),
                             .body = std::move(body)};
  if constexpr (requires { request.target_model; })
    call.target_model = request.target_model.value_or("");
  return call;
}

// A field that is not sent when there is nothing to say.
std::optional<std::string> if_any(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

void EndpointInvocations::add_to(Router& router) {
  router.add_exchanging<api::InvokeEndpoint>(*this, &EndpointInvocations::invoke);
  router.add_streaming<api::InvokeEndpointWithResponseStream>(
      *this, &EndpointInvocations::invoke_streaming);
}

Outcome<WithBytes<api::InvokeEndpointOutput>> EndpointInvocations::invoke(
    const api::InvokeEndpointInput& request, std::string body, const CallContext& context) {
  auto answer = calls_.invoke(call_of(request, std::move(body), context));
  if (!answer.ok()) return call_error(answer.error(), request.endpoint_name, context);
  if (answer->status < 200 || answer->status > 299)
    return model_error(request.endpoint_name, *answer, context);
  WithBytes<api::InvokeEndpointOutput> out;
  out.reply.content_type = std::move(answer->content_type);
  out.reply.invoked_production_variant = if_any(std::move(answer->variant));
  out.reply.custom_attributes = if_any(std::move(answer->custom_attributes));
  out.reply.new_session_id = if_any(std::move(answer->new_session_id));
  out.reply.closed_session_id = if_any(std::move(answer->closed_session_id));
  out.bytes = std::move(answer->body);
  return out;
}

Outcome<WithEvents<api::InvokeEndpointWithResponseStreamOutput>>
EndpointInvocations::invoke_streaming(const api::InvokeEndpointWithResponseStreamInput& request,
                                      std::string body, const CallContext& context) {
  auto stream = calls_.invoke_streaming(call_of(request, std::move(body), context));
  if (!stream.ok()) return call_error(stream.error(), request.endpoint_name, context);
  hosting::EndpointAnswer& answer = stream->answer;
  if (answer.status < 200 || answer.status > 299)
    return model_error(request.endpoint_name, answer, context);
  if (stream->pieces == nullptr) stream->pieces = net::make_string_source(std::move(answer.body));
  WithEvents<api::InvokeEndpointWithResponseStreamOutput> out;
  out.reply.content_type = std::move(answer.content_type);
  out.reply.invoked_production_variant = if_any(std::move(answer.variant));
  out.reply.custom_attributes = if_any(std::move(answer.custom_attributes));
  out.events = make_payload_parts(std::move(stream->pieces));
  return out;
}

}  // namespace clary::services
