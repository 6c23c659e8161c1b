#include "hosting/container_call.h"

#include <utility>

#include "base/digest.h"
#include "base/document.h"
#include "base/json.h"
#include "base/text_encoding.h"

namespace clary::hosting {
namespace {

constexpr std::string_view kPrefix = "X-Amzn-SageMaker-";
constexpr int kLoaded = 409;  // already

std::string field(std::string_view name) { return std::string(kPrefix) + std::string(name); }

net::ClientRequest request_of(const ContainerInput& input, std::string target) {
  const EndpointCall& call = input.call;
  net::ClientRequest request{.method = "POST", .target = std::move(target), .body = input.body};
  const auto add = [&request](std::string name, const std::string& value) {
    if (!value.empty()) request.headers.add(std::move(name), value);
  };
  if (input.content_type) request.headers.add("Content-Type", *input.content_type);
  if (call.accept && input.last) request.headers.add("Accept", *call.accept);
  add("X-Request-Id", call.request_id);
  add(field("Custom-Attributes"), call.custom_attributes);
  add(field("Target-Model"), call.target_model);
  add(field("Target-Variant"), call.target_variant);
  add(field("Inference-Id"), call.inference_id);
  add(field("Session-Id"), call.session_id);
  return request;
}

int status_of(const net::ClientReply& reply) { return reply.status; }
int status_of(const net::ClientStream& reply) { return reply.head.status; }

std::string uri_below(const std::string& prefix, std::string_view model) {
  while (model.starts_with('/')) model.remove_prefix(1);
  return prefix + (prefix.ends_with('/') ? "" : "/") + std::string(model);
}

// Nothing: it is there now, or was all the time; else what the container said instead.
Result<std::optional<net::ClientReply>> load_model(const LiveContainer& container,
                                                   const std::string& name, const std::string& uri,
                                                   Duration limit) {
  net::ClientRequest load{.method = "POST", .target = "/models"};
  load.headers.add("Content-Type", "application/json");
  load.body = to_json(Document::object({{"model_name", name}, {"url", uri}}));
  CLARY_TRY(net::ClientReply loaded, container.link->send(load, limit));
  if (loaded.status == 404) {
    return invalid_argument("Failed to download model data from '" + uri +
                            "': " + to_valid_utf8(loaded.body));
  }
  if (loaded.status / 100 == 2 || loaded.status == kLoaded)
    return std::optional<net::ClientReply>();
  return std::optional<net::ClientReply>(std::move(loaded));
}

// send: of a request, on the container's link. refused: of a reply that is at hand.
template <typename Reply, typename Send, typename Refused>
Result<Reply> call_with(const LiveContainer& container, const ContainerInput& input, Duration limit,
                        Send send, Refused refused) {
  if (!container.many_models) return send(request_of(input, "/invocations"));
  const std::string uri = uri_below(container.model_uri, input.call.target_model);
  const std::string name = model_name_of(uri);
  const net::ClientRequest request = request_of(input, "/models/" + name + "/invoke");
  CLARY_TRY(Reply reply, send(request));
  if (status_of(reply) != 404) return reply;
  CLARY_TRY(std::optional<net::ClientReply> instead, load_model(container, name, uri, limit));
  if (instead) return refused(std::move(*instead));
  return send(request);
}

}  // namespace

std::string model_name_of(std::string_view model_uri) {
  constexpr std::size_t kCharacters = 32;
  return hex_encode(sha256(model_uri)).substr(0, kCharacters);
}

Result<net::ClientReply> call_container(const LiveContainer& container, const ContainerInput& input,
                                        Duration limit) {
  return call_with<net::ClientReply>(
      container, input, limit,
      [&](const net::ClientRequest& request) { return container.link->send(request, limit); },
      [](net::ClientReply reply) { return reply; });
}

Result<net::ClientStream> open_container(const LiveContainer& container,
                                         const ContainerInput& input, Duration limit) {
  return call_with<net::ClientStream>(
      container, input, limit,
      [&](const net::ClientRequest& request) { return container.link->open(request, limit); },
      [](net::ClientReply reply) {
        auto body = net::make_string_source(std::exchange(reply.body, {}));
        return net::ClientStream{.head = std::move(reply), .body = std::move(body)};
      });
}

EndpointAnswer answer_of(net::ClientReply reply) {
  EndpointAnswer answer{.status = reply.status};
  if (const std::string* type = reply.headers.find("Content-Type")) answer.content_type = *type;
  answer.custom_attributes = reply.headers.get(field("Custom-Attributes"));
  answer.new_session_id = reply.headers.get(field("New-Session-Id"));
  answer.closed_session_id = reply.headers.get(field("Closed-Session-Id"));
  answer.body = std::move(reply.body);
  return answer;
}

}  // namespace clary::hosting
