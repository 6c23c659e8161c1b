#include "wire/rest_xml.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/rest_fields.h"
#include "wire/scalar_text.h"
#include "wire/xml.h"

namespace clary::wire {
namespace {

// How many labels a path has: "/" 0, "/bucket" 1, "/bucket/key" 2.
int label_count(std::string_view path) {
  if (path.size() <= 1) return 0;
  const std::size_t slash = path.find('/', 1);
  return slash == std::string_view::npos || slash + 1 == path.size() ? 1 : 2;
}

int template_label_count(std::string_view uri) {
  if (uri == "/") return 0;
  if (uri == "/{Bucket}") return 1;
  return uri == "/{Bucket}/{Key+}" ? 2 : -1;
}

bool has_field(const QueryFields& fields, std::string_view wanted) {
  const std::size_t equals = wanted.find('=');
  const std::string_view name = wanted.substr(0, equals);
  for (const auto& [field, value] : fields) {
    if (field == name && (equals == std::string_view::npos || value == wanted.substr(equals + 1)))
      return true;
  }
  return false;
}

// How specific the operation is; nothing when the request lacks something it needs.
std::optional<std::size_t> fit(const Operation& operation, const net::RequestHead& head,
                               const QueryFields& fields) {
  for (const std::string_view wanted : operation.required_query) {
    if (!has_field(fields, wanted)) return std::nullopt;
  }
  for (const std::string_view wanted : operation.required_headers) {
    if (head.headers.find(wanted) == nullptr) return std::nullopt;
  }
  return operation.required_query.size() + operation.required_headers.size();
}

Result<Document> read_label(const Member& member, std::string_view raw_path) {
  const std::string_view path = raw_path.substr(raw_path.empty() ? 0 : 1);
  const std::size_t slash = path.find('/');
  const bool is_bucket = member.wire_name == "Bucket";
  const std::string_view raw = is_bucket                         ? path.substr(0, slash)
                               : slash == std::string_view::npos ? std::string_view()
                                                                 : path.substr(slash + 1);
  CLARY_TRY(std::string text, percent_decode(raw));
  return read_scalar(*member.shape, text);
}

Result<Document> read_member(const Member& member, const net::RequestHead& head,
                             const QueryFields& fields) {
  switch (member.location) {
    case Location::kUri:
      return read_label(member, head.raw_path());
    case Location::kQuery:
      return read_query_field(member, fields);
    case Location::kHeader: {
      Document value = read_header_field(member, head.headers);
      // S3 takes it in any case, and AWS's Common Runtime writes "enabled".
      if (member.wire_name == "x-amz-checksum-mode" && value.as_string() != nullptr)
        return Document(to_upper(*value.as_string()));
      return value;
    }
    case Location::kHeaders:
      return read_header_field(member, head.headers);
    case Location::kBody:
    case Location::kStatus:
      return Document();
  }
  return Document();
}

// A payload that is the body as it stands: a bucket's policy, in JSON.
bool is_text(const Member& payload) { return payload.shape->kind == Kind::kString; }

Status read_body(const Operation& operation, std::string_view body, Document& out) {
  if (trim(body).empty() || !has_xml_body(operation)) return {};
  if (const Member* payload = payload_of(*operation.input)) {
    if (is_text(*payload)) {
      out.set(payload->name, Document(body));
      return {};
    }
    CLARY_TRY(Document value, read_xml(*payload->shape, body, payload->wire_name));
    out.set(payload->name, std::move(value));
    return {};
  }
  CLARY_TRY(Document members, read_xml(*operation.input, body));
  for (const auto& [name, value] : *members.as_object()) out.set(name, value);
  return {};
}

std::string root_element(std::string_view name, const Operation& operation,
                         std::string_view content) {
  std::string out(kXmlDeclaration);
  out.append("<")
      .append(name)
      .append(" xmlns=\"")
      .append(operation.service->xml_namespace)
      .append("\">");
  return out.append(content).append("</").append(name).append(">");
}

std::string write_body(const Operation& operation, const Document& reply) {
  const Shape& shape = *operation.output;
  std::string content;
  if (const Member* payload = payload_of(shape)) {
    const Document* value = reply.find(payload->name);
    if (payload->streaming || value == nullptr || value->is_null()) return "";
    if (is_text(*payload)) return value->as_string() == nullptr ? "" : *value->as_string();
    append_xml_members(content, *payload->shape, *value);
    return root_element(payload->wire_name, operation, content);
  }
  bool has_members = false;
  for (const Member& member : shape.members)
    has_members |= member.location == Location::kBody && !member.streaming;
  if (!has_members) return "";
  if (operation.unwrapped) {
    const std::string* text = nullptr;
    if (const Document* value = reply.find(shape.members[0].name)) text = value->as_string();
    return root_element(operation.output_element, operation,
                        text == nullptr ? "" : xml_escape(*text));
  }
  append_xml_members(content, shape, reply);
  return root_element(operation.output_element.empty() ? shape.name : operation.output_element,
                      operation, content);
}

}  // namespace

const Operation* find_rest_operation(const Service& service, const net::RequestHead& head) {
  const QueryFields fields = decoded_query(head.raw_query());
  const int labels = label_count(head.raw_path());
  const Operation* best = nullptr;
  std::size_t best_fit = 0;
  for (const Operation& operation : service.operations) {
    if (operation.method != head.method || template_label_count(operation.uri) != labels) continue;
    const std::optional<std::size_t> this_fit = fit(operation, head, fields);
    if (!this_fit) continue;
    // S3 has two generations of a few operations; of two that fit alike the one carried out counts.
    const bool alike = best != nullptr && *this_fit == best_fit;
    if (best != nullptr && *this_fit < best_fit) continue;
    if (alike && (best->carried_out || !operation.carried_out)) continue;
    best = &operation;
    best_fit = *this_fit;
  }
  return best;
}

bool has_xml_body(const Operation& operation) {
  if (operation.input == nullptr) return false;
  for (const Member& member : operation.input->members) {
    if (member.location == Location::kBody && !member.streaming) return true;
  }
  return false;
}

Result<Document> read_rest_request(const Operation& operation, const net::RequestHead& head,
                                   std::string_view body) {
  Document out = Document::Object{};
  if (operation.input == nullptr) return out;
  const QueryFields fields = decoded_query(head.raw_query());
  for (const Member& member : operation.input->members) {
    CLARY_TRY(Document value, read_member(member, head, fields));
    if (!value.is_null()) out.set(member.name, std::move(value));
  }
  CLARY_RETURN_IF_ERROR(read_body(operation, body, out));
  return out;
}

net::Reply write_rest_reply(const Operation& operation, const Document& reply, int status) {
  net::Reply out;
  out.status = status == 0 ? operation.status : status;
  if (operation.output == nullptr) return out;
  write_header_fields(*operation.output, reply, out);
  out.body = write_body(operation, reply);
  if (out.body.empty()) return out;
  const Member* payload = payload_of(*operation.output);
  const bool is_json = payload != nullptr && is_text(*payload);
  out.headers.set("Content-Type", is_json ? "application/json" : "application/xml");
  return out;
}

}  // namespace clary::wire
