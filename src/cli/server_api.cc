#include "cli/server_api.h"

#include <utility>

#include "api/iam_service.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/shape.h"
#include "wire/sigv4.h"
#include "wire/xml.h"

namespace clary::cli {

namespace {

net::ClientRequest json_request(std::string target, const Document& body) {
  net::ClientRequest request{.method = "POST"};
  request.body = to_json(body);
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", std::move(target));
  return request;
}

// "<name>...</name>" out of an XML text; "" when it is not there.
std::string element_in(const std::string& xml, const std::string& name) {
  const std::size_t begin = xml.find("<" + name + ">");
  const std::string end_tag = "</" + name + ">";
  const std::size_t end = xml.find(end_tag);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return xml.substr(begin, end + end_tag.size() - begin);
}

}  // namespace

Error error_of_reply(int status, std::string_view body) {
  std::string type;
  std::string message;
  if (const auto document = parse_json(body); document.ok()) {
    type = document->string_or("__type", "");
    message = document->string_or("message", document->string_or("Message", ""));
  }
  if (const std::size_t mark = type.rfind('#'); mark != std::string::npos) type.erase(0, mark + 1);
  if (message.empty()) message = "the server answered with status " + std::to_string(status);
  const std::string lower = to_lower(message);
  const bool absent = status == 404 || type == "ResourceNotFound" ||
                      type == "ResourceNotFoundException" ||
                      lower.find("not found") != std::string::npos ||
                      lower.find("could not find") != std::string::npos ||
                      lower.find("does not exist") != std::string::npos;
  if (absent) return not_found(std::move(message));
  if (status == 503) return unavailable(std::move(message));
  if (status >= 500) return internal_error(std::move(message));
  if (status == 403) return denied(std::move(message));
  return invalid_argument(std::move(message));
}

Result<ServerApi> ServerApi::open(const std::string& data_folder, const Tools& tools) {
  CLARY_TRY(ServerRecord server, read_server_record(data_folder));
  CLARY_TRY(KeyPair key, tools.root_key(data_folder));
  CLARY_TRY(auto client, net::Client::create(server.endpoint(), {.ca_file = server.ca_file}));
  return ServerApi(std::move(server), std::move(key), *tools.clock, std::move(client));
}

Result<Document> ServerApi::sagemaker(std::string_view operation, const Document& request) {
  return call("sagemaker", json_request("SageMaker." + std::string(operation), request));
}

Result<Document> ServerApi::logs(std::string_view operation, const Document& request) {
  return call("logs", json_request("Logs_20140328." + std::string(operation), request));
}

Result<Document> ServerApi::timeline(std::string_view kind_word, const std::string& job) {
  return call("clary",
              {.target = "/_clary/jobs/" + std::string(kind_word) + "/" + percent_encode(job)});
}

Result<Document> ServerApi::series(std::string_view kind_word, const std::string& job) {
  return call("clary", {.target = "/_clary/jobs/" + std::string(kind_word) + "/" +
                                  percent_encode(job) + "/series"});
}

Result<std::vector<Document>> ServerApi::sagemaker_pages(std::string_view operation,
                                                         Document request, std::string_view member,
                                                         std::size_t limit) {
  std::vector<Document> elements;
  for (;;) {
    CLARY_TRY(const Document page, sagemaker(operation, request));
    const Document* list = page.find(member);
    if (list != nullptr && list->as_array() != nullptr) {
      for (const Document& element : *list->as_array()) {
        if (elements.size() == limit) return elements;
        elements.push_back(element);
      }
    }
    const std::string token = page.string_or("NextToken", "");
    if (token.empty()) return elements;
    request.set("NextToken", token);
  }
}

Result<Document> ServerApi::iam(std::string_view operation, const Fields& fields) {
  const wire::Service& service = api::iam_service();
  const wire::Operation* found = service.find(operation);
  if (found == nullptr) return internal_error("IAM has no " + std::string(operation));
  net::ClientRequest request{.method = "POST"};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body =
      "Action=" + std::string(operation) + "&Version=" + std::string(service.api_version);
  for (const auto& [name, value] : fields)
    request.body.append("&").append(name).append("=").append(percent_encode(value));
  CLARY_TRY(const net::ClientReply reply, send("iam", std::move(request)));
  if (reply.status >= 400) {
    static constexpr wire::Shape kAnything{};
    const Result<Document> error = wire::read_xml(kAnything, element_in(reply.body, "Error"));
    const std::string message = error.ok() ? error->string_or("Message", "") : "";
    return reply.status == 404 ? not_found(message) : invalid_argument(message);
  }
  if (found->output == nullptr) return Document::object();
  return wire::read_xml(*found->output, element_in(reply.body, std::string(operation) + "Result"));
}

Result<std::string> ServerApi::invoke(const Invocation& call) {
  net::ClientRequest request{
      .method = "POST",
      .target = "/endpoints/" + percent_encode(call.endpoint) + "/invocations",
      .body = call.body};
  request.headers.add("Content-Type", call.content_type);
  if (!call.accept.empty()) request.headers.add("Accept", call.accept);
  CLARY_TRY(net::ClientReply reply, send("sagemaker", std::move(request)));
  if (reply.status >= 400) return error_of_reply(reply.status, reply.body);
  return std::move(reply.body);
}

Result<Document> ServerApi::call(std::string_view service, net::ClientRequest request) {
  CLARY_TRY(const net::ClientReply reply, send(service, std::move(request)));
  if (reply.status >= 400) return error_of_reply(reply.status, reply.body);
  if (trim(reply.body).empty()) return Document::object();
  return parse_json(reply.body);
}

Result<net::ClientReply> ServerApi::send(std::string_view service, net::ClientRequest request) {
  wire::Signer signer;
  signer.access_key = key_.id;
  signer.secret_key = key_.secret;
  signer.region = server_.region;
  signer.service = service;
  const std::string hash = wire::payload_hash(request.body);
  wire::sign(signer,
             {.method = request.method,
              .target = request.target,
              .host = client_->host(),
              .payload_hash = hash},
             clock_->now(), request.headers);
  auto reply = client_->send(request);
  if (!reply.ok() && reply.error().code == ErrorCode::kUnavailable) {
    return unavailable("no server answers at " + server_.endpoint() + ": start it with `clary up`");
  }
  return reply;
}

}  // namespace clary::cli
