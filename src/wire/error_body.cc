#include "wire/error_body.h"

#include "base/digest.h"
#include "base/document.h"
#include "base/json.h"
#include "base/text_encoding.h"
#include "wire/cbor.h"
#include "wire/xml.h"

namespace clary::wire {
namespace {

// S3's second identifier: opaque, the same for the same request.
std::string host_id(const std::string& request_id) { return base64_encode(sha256(request_id)); }

net::Reply json_error(const Service& service, const ErrorText& error) {
  net::Reply reply;
  reply.headers.set("Content-Type", "application/x-amz-json-" + std::string(service.json_version));
  // Clients of a service that once spoke only query read the old code here.
  if (service.also_query) {
    reply.headers.set("x-amzn-query-error",
                      error.code + (error.status < 500 ? ";Sender" : ";Receiver"));
  }
  reply.body = to_json(Document::object({{"__type", error.code}, {"message", error.message}}));
  return reply;
}

net::Reply cbor_error(const Service& service, const ErrorText& error) {
  net::Reply reply;
  write_cbor_headers(reply.headers);
  if (service.also_query) {
    reply.headers.set("x-amzn-query-error",
                      error.code + (error.status < 500 ? ";Sender" : ";Receiver"));
  }
  reply.body = to_cbor(Document::object({{"__type", error.code}, {"message", error.message}}));
  return reply;
}

net::Reply rest_json_error(const ErrorText& error) {
  net::Reply reply;
  reply.headers.set("Content-Type", "application/json");
  reply.headers.set("x-amzn-errortype", error.code);
  Document body = Document::object({{"Message", error.message}});
  if (const Document::Object* members = error.members.as_object()) {
    for (const auto& [name, value] : *members) body.set(name, value);
  }
  reply.body = to_json(body);
  return reply;
}

net::Reply query_error(const Service& service, const ErrorText& error) {
  net::Reply reply;
  reply.headers.set("Content-Type", "text/xml");
  std::string& out = reply.body;
  out = "<ErrorResponse xmlns=\"" + xml_escape(service.xml_namespace) + "\"><Error>";
  append_xml_element(out, "Type", error.status < 500 ? "Sender" : "Receiver");
  append_xml_element(out, "Code", error.code);
  append_xml_element(out, "Message", error.message);
  out += "</Error>";
  append_xml_element(out, "RequestId", error.request_id);
  out += "</ErrorResponse>\n";
  return reply;
}

net::Reply rest_xml_error(const ErrorText& error) {
  net::Reply reply;
  reply.headers.set("Content-Type", "application/xml");
  std::string& out = reply.body;
  out = kXmlDeclaration;
  out += "<Error>";
  append_xml_element(out, "Code", error.code);
  append_xml_element(out, "Message", error.message);
  append_xml_element(out, "Resource", error.resource);
  append_xml_element(out, "RequestId", error.request_id);
  append_xml_element(out, "HostId", host_id(error.request_id));
  out += "</Error>";
  return reply;
}

net::Reply body_of(const Service& service, Protocol protocol, const ErrorText& error) {
  switch (protocol) {
    case Protocol::kJson:
      return json_error(service, error);
    case Protocol::kQuery:
      return query_error(service, error);
    case Protocol::kRestXml:
      return rest_xml_error(error);
    case Protocol::kRestJson:
      return rest_json_error(error);
    case Protocol::kCbor:
      return cbor_error(service, error);
  }
  return json_error(service, error);
}

}  // namespace

net::Reply write_error(const Service& service, Protocol protocol, const ErrorText& error) {
  net::Reply reply = body_of(service, protocol, error);
  reply.status = error.status;
  add_request_id(protocol, error.request_id, reply.headers);
  return reply;
}

void write_cbor_headers(net::Headers& headers) {
  headers.set("Content-Type", "application/cbor");
  headers.set("smithy-protocol", "rpc-v2-cbor");
}

void add_request_id(Protocol protocol, const std::string& request_id, net::Headers& headers) {
  if (protocol != Protocol::kRestXml) {
    headers.set("x-amzn-requestid", request_id);
    return;
  }
  headers.set("x-amz-request-id", request_id);
  headers.set("x-amz-id-2", host_id(request_id));
}

}  // namespace clary::wire
