// How a call is answered: in the protocol of its request, counted and told in the log.
#include <chrono>

#include "base/json.h"
#include "services/call.h"
#include "wire/cbor.h"
#include "wire/error_body.h"
#include "wire/event_stream.h"
#include "wire/query.h"
#include "wire/rest_json.h"
#include "wire/rest_xml.h"

namespace clary::services {

using wire::Protocol;

net::Reply Call::encode(EncodedReply encoded) {
  net::Reply reply;
  switch (route_.protocol) {
    case Protocol::kJson:
      reply.headers.set("Content-Type",
                        "application/x-amz-json-" + std::string(service().json_version));
      if (route_.operation->output != nullptr) reply.body = to_json(encoded.document);
      break;
    case Protocol::kQuery:
      reply.headers.set("Content-Type", "text/xml");
      reply.body =
          wire::write_query(*route_.operation, encoded.document, context_.request_id.value());
      break;
    case Protocol::kCbor:
      wire::write_cbor_headers(reply.headers);
      reply.body = wire::to_cbor(encoded.document);
      break;
    case Protocol::kRestJson:
      reply = wire::write_rest_json_reply(*route_.operation, encoded.document, encoded.status);
      break;
    case Protocol::kRestXml:
      reply = wire::write_rest_reply(*route_.operation, encoded.document, encoded.status);
      break;
  }
  if (encoded.events != nullptr) {
    reply.headers.set("Content-Type", std::string(wire::kEventStreamType));
    reply.source = std::move(encoded.events);
  } else if (encoded.bytes) {
    reply.body = std::move(*encoded.bytes);
  } else if (encoded.body != nullptr) {
    reply.source = std::move(encoded.body);
    reply.source_length = encoded.length;
  } else if (encoded.status != 0) {
    reply.announced_length = encoded.length;
  }
  wire::add_request_id(route_.protocol, context_.request_id.value(), reply.headers);
  add_cors_fields(reply);
  note(reply.status, "");
  return reply;
}

void Call::note(int status, const std::string& code) const {
  const Duration elapsed = parts_.front.clock.steady() - arrived_;
  const std::string_view operation =
      route_.operation == nullptr ? "unknown" : std::string_view(route_.operation->name);
  if (parts_.front.requests != nullptr)
    parts_.front.requests->count({service().name, operation, status, elapsed});
  if (!parts_.front.logger.writes(LogLevel::kDebug)) return;
  parts_.front.logger.debug("a call",
                            {{"service", std::string(service().name)},
                             {"operation", std::string(operation)},
                             {"status", std::to_string(status)},
                             {"code", code.empty() ? "-" : code},
                             {"request_id", context_.request_id.value()},
                             {"ms", std::to_string(elapsed / std::chrono::milliseconds(1))},
                             {"bytes_in", std::to_string(facts_.length.value_or(0))}});
}

net::Reply Call::encode_error(const ServiceError& error) {
  const WireError wire = wire_error(error, service());
  const bool is_expected =
      error.kind == ErrorCode::kUnsupported || error.kind == ErrorCode::kLimitExceeded;
  if (wire.status >= 500 && !is_expected) {
    parts_.front.logger.error(
        "a request failed",
        {{"request_id", context_.request_id.value()},
         {"operation", route_.operation == nullptr ? "" : std::string(route_.operation->name)},
         {"code", wire.code},
         {"error", error.message}});
  }
  net::Reply reply =
      wire::write_error(service(), route_.protocol,
                        {wire.code, error.message, wire.status, std::string(head_.raw_path()),
                         context_.request_id.value(), error.members});
  for (const auto& [name, value] : error.headers.fields()) reply.headers.set(name, value);
  add_cors_fields(reply);
  const bool without_body = head_.method == "HEAD" || wire.status == 304;
  if (without_body) reply.body.clear();
  note(wire.status, wire.code);
  return reply;
}

}  // namespace clary::services
