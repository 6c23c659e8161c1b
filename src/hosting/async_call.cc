#include "hosting/async_call.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "base/json.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::hosting {
namespace {

std::string without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

std::string place_in(std::string_view folder, const std::string& below, const std::string& name) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  std::string place(folder);
  if (const std::string path = without_slashes(below); !path.empty()) place += '/' + path;
  return place + '/' + name;
}

std::int64_t microseconds_of(TimePoint time) { return time.time_since_epoch().count(); }

std::optional<std::string> text_of(const Document& document, std::string_view name) {
  const Document* member = document.find(name);
  if (member == nullptr || member->as_string() == nullptr) return std::nullopt;
  return *member->as_string();
}

Document event_of(const WaitingCall& waiting, std::string_view status, TimePoint now) {
  Document request = Document::object();
  if (waiting.call.content_type) request.set("contentType", *waiting.call.content_type);
  request.set("endpointName", waiting.call.endpoint.value());
  if (!waiting.call.input_uri.empty()) request.set("inputLocation", waiting.call.input_uri);
  return Document::object({{"eventVersion", "1.0"},
                           {"eventSource", "aws:sagemaker"},
                           {"eventName", "InferenceResult"},
                           {"eventTime", iso8601(now)},
                           {"receivedTime", iso8601(waiting.accepted)},
                           {"invocationStatus", status},
                           {"inferenceId", waiting.ticket.inference_id},
                           {"requestParameters", std::move(request)}});
}

}  // namespace

WaitingCall waiting_call(AsyncCall call, const AsyncRules& rules, const std::string& fresh_id,
                         TimePoint now) {
  WaitingCall waiting;
  AsyncTicket& ticket = waiting.ticket;
  ticket.inference_id = call.inference_id.empty() ? fresh_id : call.inference_id;
  const std::string name =
      call.output_name.empty() ? ticket.inference_id + ".out" : call.output_name;
  ticket.output_uri = place_in(rules.rules.output_uri, call.output_folder, name);
  if (!rules.rules.failure_uri.empty()) {
    ticket.failure_uri =
        place_in(rules.rules.failure_uri, call.output_folder, ticket.inference_id + "-error.out");
  }
  call.endpoint = rules.endpoint;
  waiting.call = std::move(call);
  waiting.endpoint_id = rules.endpoint_id;
  waiting.variant = rules.variant;
  waiting.role = rules.role;
  waiting.accepted = now;
  return waiting;
}

domain::KeptRecord record_of(const WaitingCall& waiting, const std::string& fresh_id) {
  const AsyncCall& call = waiting.call;
  Document document = Document::object({{"endpoint", call.endpoint.value()},
                                        {"endpoint_id", waiting.endpoint_id},
                                        {"variant", waiting.variant},
                                        {"role", waiting.role},
                                        {"accepted", microseconds_of(waiting.accepted)},
                                        {"inference_id", waiting.ticket.inference_id},
                                        {"output_uri", waiting.ticket.output_uri},
                                        {"failure_uri", waiting.ticket.failure_uri},
                                        {"input_uri", call.input_uri},
                                        {"body", base64_encode(call.body)},
                                        {"custom_attributes", call.custom_attributes},
                                        {"time_to_live", call.time_to_live.count()},
                                        {"limit", call.limit.count()}});
  if (call.content_type) document.set("content_type", *call.content_type);
  if (call.accept) document.set("accept", *call.accept);
  return {.key = fmt::format("{:020}-{}", microseconds_of(waiting.accepted), fresh_id),
          .text = to_json(document)};
}

Result<WaitingCall> read_waiting(const domain::KeptRecord& record) {
  CLARY_TRY(const Document document, parse_json(record.text));
  WaitingCall waiting;
  waiting.endpoint_id = document.string_or("endpoint_id", "");
  waiting.variant = document.string_or("variant", "");
  waiting.role = document.string_or("role", "");
  waiting.accepted = TimePoint(Duration(document.int_or("accepted", 0)));
  waiting.ticket = {.inference_id = document.string_or("inference_id", ""),
                    .output_uri = document.string_or("output_uri", ""),
                    .failure_uri = document.string_or("failure_uri", "")};
  AsyncCall& call = waiting.call;
  call.endpoint = EndpointName(document.string_or("endpoint", ""));
  call.inference_id = waiting.ticket.inference_id;
  call.input_uri = document.string_or("input_uri", "");
  CLARY_TRY(call.body, base64_decode(document.string_or("body", "")));
  call.content_type = text_of(document, "content_type");
  call.accept = text_of(document, "accept");
  call.custom_attributes = document.string_or("custom_attributes", "");
  call.time_to_live = Duration(document.int_or("time_to_live", call.time_to_live.count()));
  call.limit = Duration(document.int_or("limit", call.limit.count()));
  return waiting;
}

std::string completed_event(const WaitingCall& waiting,
                            const std::optional<std::string>& output_type, TimePoint now) {
  Document event = event_of(waiting, "Completed", now);
  Document response = Document::object();
  if (output_type) response.set("contentType", *output_type);
  response.set("outputLocation", waiting.ticket.output_uri);
  event.set("responseParameters", std::move(response));
  return to_json(event);
}

std::string failed_event(const WaitingCall& waiting, const std::string& reason, TimePoint now) {
  Document event = event_of(waiting, "Failed", now);
  if (!waiting.ticket.failure_uri.empty()) {
    event.set("responseParameters",
              Document::object({{"outputLocation", waiting.ticket.failure_uri}}));
  }
  event.set("failureReason", reason);
  return to_json(event);
}

}  // namespace clary::hosting
