#include "services/async_invocations.h"

#include <chrono>
#include <utility>

#include "objects/object_store.h"
#include "services/model_error.h"

namespace clary::services {
namespace {

ServiceError bad_async_call(std::string sentence) {
  return {"ValidationError", std::move(sentence)};
}

hosting::AsyncCall async_call_of(const api::InvokeEndpointAsyncInput& request, std::string body) {
  hosting::AsyncCall call;
  call.endpoint = EndpointName(request.endpoint_name);
  call.inference_id = request.inference_id.value_or("");
  call.input_uri = request.input_location.value_or("");
  call.body = std::move(body);
  call.content_type = request.content_type;
  call.accept = request.accept;
  call.custom_attributes = request.custom_attributes.value_or("");
  call.output_folder = request.s3_output_path_extension.value_or("");
  call.output_name = request.filename.value_or("");
  if (request.request_ttl_seconds)
    call.time_to_live = std::chrono::seconds(*request.request_ttl_seconds);
  if (request.invocation_timeout_seconds)
    call.limit = std::chrono::seconds(*request.invocation_timeout_seconds);
  return call;
}

}  // namespace

void AsyncInvocations::add_to(Router& router) {
  router.add_endpoint(api::InvokeEndpointAsync::operation(),
                      {.exchange = [this](const Document& document, std::string body,
                                          const CallContext& context) -> Outcome<EncodedReply> {
                        api::InvokeEndpointAsyncInput request;
                        decode(document, request);
                        auto outcome = invoke(request, std::move(body), context);
                        if (!outcome.ok()) return outcome.error();
                        return EncodedReply{.document = encode(*outcome)};
                      }});
}

Outcome<api::InvokeEndpointAsyncOutput> AsyncInvocations::invoke(
    const api::InvokeEndpointAsyncInput& request, std::string body, const CallContext& context) {
  constexpr std::size_t kInlineBytes = 128'000;  // Source: AWS's model, AsyncBodyBlob
  if (!request.input_location && body.empty())
    return bad_async_call("InputLocation must name the input in S3, or the request have a body.");
  if (request.input_location && !body.empty())
    return bad_async_call("Either InputLocation or a body must be given, not both.");
  if (body.size() > kInlineBytes) {
    return bad_async_call(
        "A body has at most 128000 bytes: put it into S3, and give its "
        "InputLocation.");
  }
  if (request.input_location) {
    const auto place = objects::parse_object_uri(*request.input_location);
    if (!place.ok() || place->key.empty())
      return bad_async_call("InputLocation is no S3 URI of an object: " + *request.input_location);
  }
  const auto ticket = calls_.submit(async_call_of(request, std::move(body)));
  if (!ticket.ok()) {
    if (ticket.error().code != ErrorCode::kNotFound) return ticket.error();
    return no_endpoint(request.endpoint_name, context);
  }
  api::InvokeEndpointAsyncOutput reply;
  reply.inference_id = ticket->inference_id;
  reply.output_location = ticket->output_uri;
  if (!ticket->failure_uri.empty()) reply.failure_location = ticket->failure_uri;
  return reply;
}

}  // namespace clary::services
