// wire_probe: requests and replies through the typed API, for tests that compare it with botocore
// (tests/wire/).
//
// Standard input, one JSON object per line; standard output, one per line:
//   {"service": "s3", "request": {"method", "target", "headers": [[name, value]], "body": base64}}
//     → {"operation": name, "members": {...}}         bytes → Document → struct → Document
//   {"service": "s3", "operation": name, "protocol": "query"?, "members": {...}}
//     → {"status", "headers", "body": base64}         Document → struct → Document → bytes
//   {"service": "s3", "operation": name, "validate": {...}}
//     → {"message": "", "inert": [path, ...]}
// Instants are epoch seconds. An error is {"error": message}.
#include <functional>
#include <iostream>
#include <map>
#include <optional>

#include "api/operations.h"
#include "api/services.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/cbor.h"
#include "wire/error_body.h"
#include "wire/query.h"
#include "wire/rest_json.h"
#include "wire/rest_xml.h"
#include "wire/validator.h"

namespace clary {
namespace {

// Document → struct → Document, of one operation.
struct RoundTrip {
  std::function<Document(const Document&)> request;
  std::function<Document(const Document&)> reply;
};

template <typename T>
Document round_trip(const Document& document) {
  T value;
  decode(document, value);
  return encode(value);
}

template <typename... Operations>
std::map<const wire::Operation*, RoundTrip> round_trips(api::OperationList<Operations...>) {
  return {{&Operations::operation(),
           {round_trip<typename Operations::Request>, round_trip<typename Operations::Reply>}}...};
}

class Probe {
 public:
  Result<Document> answer(const Document& line) const {
    const wire::Service* service = find_service(line.string_or("service", ""));
    if (service == nullptr) return not_found("service");
    if (const Document* request = line.find("request")) return read(*service, *request);
    const wire::Operation* operation = service->find(line.string_or("operation", ""));
    if (operation == nullptr || !operation->carried_out) return not_found("operation");
    if (const Document* members = line.find("validate")) return validate(*operation, *members);
    const Document* members = line.find("members");
    if (members == nullptr) return invalid_argument("no members");
    return write(*operation, line.string_or("protocol", ""), *members);
  }

 private:
  static const wire::Service* find_service(std::string_view name) {
    for (const wire::Service* service : api::services()) {
      if (service->name == name) return service;
    }
    return nullptr;
  }

  Result<Document> read(const wire::Service& service, const Document& request) const {
    net::RequestHead head;
    head.method = request.string_or("method", "");
    head.target = request.string_or("target", "/");
    for (const Document& field : *request.find("headers")->as_array()) {
      head.headers.add(*field.as_array()->at(0).as_string(), *field.as_array()->at(1).as_string());
    }
    CLARY_TRY(const std::string body, base64_decode(request.string_or("body", "")));
    const wire::Operation* operation = nullptr;
    CLARY_TRY(const Document members, read_members(service, head, body, operation));
    return Document::object(
        {{"operation", operation->name}, {"members", trips_.at(operation).request(members)}});
  }

  static Result<Document> read_members(const wire::Service& service, const net::RequestHead& head,
                                       const std::string& body, const wire::Operation*& operation) {
    if (head.headers.find("smithy-protocol") != nullptr) {
      operation = service.find(head.target.substr(head.target.rfind('/') + 1));
      if (operation == nullptr) return not_found("operation");
      return body.empty() ? Result<Document>(Document(Document::Object{})) : wire::parse_cbor(body);
    }
    if (const std::string* target = head.headers.find("x-amz-target")) {
      operation = service.find(target->substr(target->rfind('.') + 1));
      if (operation == nullptr) return not_found("operation");
      return parse_json(body);
    }
    if (service.protocol == wire::Protocol::kRestJson) {
      operation = wire::find_rest_json_operation(service, head);
      if (operation == nullptr || !operation->carried_out) return not_found("operation");
      return wire::read_rest_json_request(*operation, head, body);
    }
    if (service.protocol == wire::Protocol::kRestXml) {
      operation = wire::find_rest_operation(service, head);
      if (operation == nullptr || !operation->carried_out) return not_found("operation");
      return wire::read_rest_request(*operation, head, body);
    }
    CLARY_TRY(const wire::Form form, wire::read_form(body));
    operation = service.find(wire::form_value(form, "Action"));
    if (operation == nullptr) return not_found("operation");
    return wire::read_query(*operation, form);
  }

  Result<Document> write(const wire::Operation& operation, std::string_view protocol,
                         const Document& members) const {
    const Document reply = trips_.at(&operation).reply(members);
    net::Reply http;
    if (protocol == "query" || operation.service->protocol == wire::Protocol::kQuery) {
      http.body = wire::write_query(operation, reply, "request-id");
    } else if (operation.service->protocol == wire::Protocol::kRestJson) {
      http = wire::write_rest_json_reply(operation, reply, 0);
    } else if (operation.service->protocol == wire::Protocol::kRestXml) {
      http = wire::write_rest_reply(operation, reply, 0);
      if (http.announced_length)
        http.headers.set("Content-Length", std::to_string(*http.announced_length));
    } else if (protocol == "smithy-rpc-v2-cbor") {
      wire::write_cbor_headers(http.headers);
      http.body = wire::to_cbor(reply);
    } else {
      http.body = to_json(reply);
    }
    Document headers = Document::array();
    for (const auto& [name, value] : http.headers.fields())
      headers.push(Document::array({name, value}));
    return Document::object(
        {{"status", http.status}, {"headers", headers}, {"body", base64_encode(http.body)}});
  }

  Result<Document> validate(const wire::Operation& operation, const Document& members) const {
    const wire::Verdict verdict = validator_.check(operation, members);
    Document inert = Document::array();
    for (const wire::InertMember& member : verdict.inert) inert.push(member.path);
    return Document::object({{"message", verdict.message()}, {"inert", inert}});
  }

  std::map<const wire::Operation*, RoundTrip> trips_ = round_trips(api::AllOperations{});
  wire::Validator validator_;
};

int run() {
  const Probe probe;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Result<Document> question = parse_json(line);
    const Result<Document> answer =
        question.ok() ? probe.answer(*question) : Result<Document>(question.error());
    std::cout << to_json(answer.ok() ? *answer
                                     : Document::object({{"error", answer.error().message}}))
              << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace clary

int main() { return clary::run(); }
