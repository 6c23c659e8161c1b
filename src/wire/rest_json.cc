#include "wire/rest_json.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/rest_fields.h"
#include "wire/scalar_text.h"

namespace clary::wire {
namespace {

bool is_label(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

bool path_fits(std::string_view uri, std::string_view path) {
  const std::vector<std::string_view> wanted = split(uri, '/');
  const std::vector<std::string_view> given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool fits = is_label(wanted[i]) ? !given[i].empty() : wanted[i] == given[i];
    if (!fits) return false;
  }
  return true;
}

// Precondition: the path fits the operation's.
Result<Document> read_path_label(const Member& member, const Operation& operation,
                                 std::string_view path) {
  const std::vector<std::string_view> wanted = split(operation.uri, '/');
  const std::vector<std::string_view> given = split(path, '/');
  for (std::size_t i = 0; i < wanted.size() && i < given.size(); ++i) {
    if (!is_label(wanted[i]) || wanted[i].substr(1, wanted[i].size() - 2) != member.wire_name)
      continue;
    CLARY_TRY(const std::string text, percent_decode(given[i]));
    return read_scalar(*member.shape, text);
  }
  return Document();
}

Result<Document> read_json_member(const Member& member, const Operation& operation,
                                  const net::RequestHead& head, const QueryFields& fields) {
  switch (member.location) {
    case Location::kUri:
      return read_path_label(member, operation, head.raw_path());
    case Location::kQuery:
      return read_query_field(member, fields);
    case Location::kHeader:
    case Location::kHeaders:
      return read_header_field(member, head.headers);
    case Location::kBody:
    case Location::kStatus:
      break;
  }
  return Document();
}

bool has_json(const Shape& shape) {
  for (const Member& member : shape.members) {
    if (member.location == Location::kBody && !member.streaming) return true;
  }
  return false;
}

Status read_json_body(const Shape& shape, std::string_view body, Document& out) {
  if (!has_json(shape) || trim(body).empty()) return {};
  CLARY_TRY(Document value, parse_json(body));
  if (const Member* payload = payload_of(shape)) {
    out.set(payload->name, std::move(value));
    return {};
  }
  if (!value.is_object()) return invalid_argument("the body is no JSON object");
  for (auto& [name, member] : *value.as_object()) out.set(name, std::move(member));
  return {};
}

// The members that stand nowhere else.
Document json_of(const Shape& shape, const Document& reply) {
  const Document none = Document::Object{};
  if (const Member* payload = payload_of(shape)) {
    const Document* value = reply.find(payload->name);
    return value == nullptr ? none : *value;
  }
  Document out = none;
  for (const Member& member : shape.members) {
    const Document* value = reply.find(member.name);
    if (member.location == Location::kBody && value != nullptr) out.set(member.name, *value);
  }
  return out;
}

}  // namespace

const Operation* find_rest_json_operation(const Service& service, const net::RequestHead& head) {
  for (const Operation& operation : service.operations) {
    if (operation.method == head.method && path_fits(operation.uri, head.raw_path()))
      return &operation;
  }
  return nullptr;
}

Result<Document> read_rest_json_request(const Operation& operation, const net::RequestHead& head,
                                        std::string_view body) {
  Document out = Document::Object{};
  if (operation.input == nullptr) return out;
  const QueryFields fields = decoded_query(head.raw_query());
  CLARY_RETURN_IF_ERROR(read_json_body(*operation.input, body, out));
  for (const Member& member : operation.input->members) {
    CLARY_TRY(Document value, read_json_member(member, operation, head, fields));
    if (!value.is_null()) out.set(member.name, std::move(value));
  }
  return out;
}

net::Reply write_rest_json_reply(const Operation& operation, const Document& reply, int status) {
  net::Reply out;
  out.status = status == 0 ? operation.status : status;
  if (operation.output == nullptr) return out;
  write_header_fields(*operation.output, reply, out);
  if (!has_json(*operation.output)) return out;
  out.headers.set("Content-Type", "application/json");
  out.body = to_json(json_of(*operation.output, reply));
  return out;
}

}  // namespace clary::wire
