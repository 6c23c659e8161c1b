#include "services/request_route.h"

#include "api/s3_service.h"
#include "api/services.h"
#include "base/strings.h"
#include "wire/rest_json.h"
#include "wire/rest_xml.h"
#include "wire/sigv4_verify.h"

namespace clary::services {
namespace {

using Found = std::variant<RequestRoute, RouteFailure>;

const wire::Service* service_of_target(std::string_view prefix) {
  for (const wire::Service* service : api::services()) {
    if (!service->target_prefix.empty() && service->target_prefix == prefix) return service;
  }
  return nullptr;
}

const wire::Service* service_of_scope(std::string_view signing_name) {
  for (const wire::Service* service : api::services()) {
    if (service->signing_name == signing_name) return service;
  }
  return nullptr;
}

ServiceError unknown_operation(std::string message) {
  return {"UnknownOperationException", std::move(message), 400};
}

// A service nobody serves here is answered as its clients read errors: a form with XML, everything
// else with JSON.
RouteFailure not_served(const net::RequestHead& head, ServiceError error) {
  const bool is_form =
      head.headers.get("content-type").starts_with("application/x-www-form-urlencoded");
  if (is_form) return {service_of_scope("sts"), wire::Protocol::kQuery, std::move(error)};
  return {service_of_scope("sagemaker"), wire::Protocol::kJson, std::move(error)};
}

// The name that the request is signed for; of one that is not, the target's without its version:
// DynamoDB of DynamoDB_20120810.
std::string service_called(std::string_view prefix, const wire::ReadAuthentication& claims) {
  if (const wire::Authentication* read = wire::authentication_of(claims))
    return read->scope.service;
  const std::size_t version = prefix.rfind('_');
  return std::string(prefix.substr(0, version));
}

Found by_target(std::string_view target, const net::RequestHead& head,
                const wire::ReadAuthentication& claims) {
  const std::size_t dot = target.rfind('.');
  const std::string_view prefix = target.substr(0, dot);
  const std::string name(dot == std::string_view::npos ? std::string_view()
                                                       : target.substr(dot + 1));
  const wire::Service* service = service_of_target(prefix);
  if (service == nullptr) {
    return not_served(head,
                      unknown_operation("Clary does not serve " + service_called(prefix, claims) +
                                        " yet (" + name + ")."));
  }
  const wire::Operation* operation = service->find(name);
  if (operation == nullptr) {
    return RouteFailure{service, wire::Protocol::kJson,
                        unknown_operation("No operation of " + std::string(service->name) +
                                          " is called '" + name + "'.")};
  }
  return RequestRoute{service, operation, wire::Protocol::kJson};
}

// "/service/GraniteServiceVersion20100801/operation/PutMetricData"
Found by_cbor_path(const net::RequestHead& head) {
  const std::vector<std::string_view> words = split(head.raw_path(), '/');
  const bool formed = words.size() == 5 && words[1] == "service" && words[3] == "operation";
  const wire::Service* service = formed ? service_of_target(words[2]) : nullptr;
  if (service == nullptr || !service->also_cbor) {
    return RouteFailure{service_of_scope("sagemaker"), wire::Protocol::kCbor,
                        unknown_operation("Clary does not serve " + std::string(head.raw_path()) +
                                          " in CBOR yet.")};
  }
  const wire::Operation* operation = service->find(words[4]);
  if (operation == nullptr) {
    return RouteFailure{service, wire::Protocol::kCbor,
                        unknown_operation("No operation of " + std::string(service->name) +
                                          " is called '" + std::string(words[4]) + "'.")};
  }
  return RequestRoute{service, operation, wire::Protocol::kCbor};
}

bool has_query_field(const net::RequestHead& head, std::string_view wanted) {
  for (const std::string_view field : split(head.raw_query(), '&')) {
    if (field.substr(0, field.find('=')) == wanted) return true;
  }
  return false;
}

Found s3_route(const net::RequestHead& head) {
  const wire::Service& s3 = api::s3_service();
  const wire::Operation* operation = wire::find_rest_operation(s3, head);
  if (operation == nullptr) {
    return RouteFailure{
        &s3, wire::Protocol::kRestXml,
        ServiceError("MethodNotAllowed",
                     "The specified method is not allowed against this resource.", 405)};
  }
  // Without the header that asks for some it fits no other operation, but wants no bytes either.
  if (operation->name == "GetObject" && has_query_field(head, "attributes")) {
    return RouteFailure{
        &s3, wire::Protocol::kRestXml,
        ServiceError("InvalidRequest",
                     "The x-amz-object-attributes header specifying the attributes to be "
                     "retrieved is either missing or empty",
                     400)};
  }
  return RequestRoute{&s3, operation, wire::Protocol::kRestXml};
}

// Several services may be signed for by one name: the path tells which is meant.
std::optional<RequestRoute> rest_json_route(std::string_view signing_name,
                                            const net::RequestHead& head) {
  for (const wire::Service* service : api::services()) {
    if (service->signing_name != signing_name || service->protocol != wire::Protocol::kRestJson)
      continue;
    if (const wire::Operation* operation = wire::find_rest_json_operation(*service, head))
      return RequestRoute{service, operation, wire::Protocol::kRestJson};
  }
  return std::nullopt;
}

Found by_scope(const std::string& signing_name, const net::RequestHead& head) {
  const wire::Service* service = service_of_scope(signing_name);
  if (service != nullptr && service->protocol == wire::Protocol::kRestXml) return s3_route(head);
  if (auto found = rest_json_route(signing_name, head)) return *found;
  const bool speaks_query =
      service != nullptr && (service->protocol == wire::Protocol::kQuery || service->also_query);
  if (speaks_query) return RequestRoute{service, nullptr, wire::Protocol::kQuery};
  std::string what = head.method + ' ' + std::string(head.raw_path()) + " of " + signing_name;
  return not_served(head, unknown_operation("Clary does not serve " + what + " yet."));
}

}  // namespace

std::variant<RequestRoute, RouteFailure> find_route(const net::RequestHead& head,
                                                    const wire::ReadAuthentication& claims) {
  if (head.headers.get("smithy-protocol") == "rpc-v2-cbor") return by_cbor_path(head);
  if (const std::string* target = head.headers.find("x-amz-target"))
    return by_target(*target, head, claims);
  if (const wire::Authentication* read = wire::authentication_of(claims))
    return by_scope(read->scope.service, head);
  return s3_route(head);
}

Outcome<const wire::Operation*> find_form_operation(const wire::Service& service,
                                                    const wire::Form& form) {
  const std::string action(wire::form_value(form, "Action"));
  if (action.empty())
    return ServiceError("MissingAction", "The request is missing an Action parameter.", 400);
  const wire::Operation* operation = service.find(action);
  if (operation == nullptr) {
    return ServiceError(
        "InvalidAction",
        "Could not find operation " + action + " for version " + std::string(service.api_version),
        400);
  }
  return operation;
}

ServiceError not_carried_out(const wire::Operation& operation) {
  std::string message = "Clary does not carry out " + std::string(operation.name) + " yet.";
  if (!operation.refusal_code.empty())
    return {std::string(operation.refusal_code), std::move(message), 403};
  ServiceError error = unsupported(std::move(message));
  return error;
}

}  // namespace clary::services
