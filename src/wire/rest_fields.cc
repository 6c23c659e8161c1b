#include "wire/rest_fields.h"

#include <cstdint>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/scalar_text.h"

namespace clary::wire {
namespace {

Document read_header_text(const Shape& shape, std::string_view text) {
  if (shape.kind != Kind::kList) return read_scalar(shape, text);
  Document::Array out;
  for (const std::string_view part : split(text, ','))
    out.push_back(read_scalar(*shape.element, trim(part)));
  return out;
}

// x-amz-meta-*: names without the prefix, lower case.
Document read_prefixed_headers(std::string_view prefix, const net::Headers& headers) {
  Document out;
  const std::string lower_prefix = to_lower(prefix);
  for (const auto& [name, value] : headers.fields()) {
    const std::string lower = to_lower(name);
    if (lower.starts_with(lower_prefix)) out.set(lower.substr(prefix.size()), Document(value));
  }
  return out;
}

// A field's value must not end the line.
std::string header_safe(std::string text) {
  for (char& c : text) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return text;
}

void write_header(const Member& member, const Document& value, net::Reply& reply) {
  if (member.location == Location::kHeaders) {
    const Document::Object* entries = value.as_object();
    if (entries == nullptr) return;
    for (const auto& [name, entry] : *entries) {
      const std::string* text = entry.as_string();
      if (text != nullptr)
        reply.headers.add(std::string(member.wire_name) + header_safe(name), header_safe(*text));
    }
    return;
  }
  if (member.wire_name == "Content-Length") {
    if (const std::int64_t* length = value.as_int())
      reply.announced_length = static_cast<std::uint64_t>(*length);
    return;
  }
  reply.headers.add(std::string(member.wire_name),
                    header_safe(write_scalar(*member.shape, value, TimeFormat::kHttpDate)));
}

}  // namespace

QueryFields decoded_query(std::string_view raw_query) {
  QueryFields fields;
  for (const std::string_view field : split(raw_query, '&')) {
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    fields.emplace_back(form_decode(field.substr(0, equals)).value_or(""),
                        form_decode(value).value_or(""));
  }
  return fields;
}

Document read_query_field(const Member& member, const QueryFields& fields) {
  for (const auto& [name, value] : fields) {
    if (name == member.wire_name) return read_scalar(*member.shape, value);
  }
  return {};
}

Document read_header_field(const Member& member, const net::Headers& headers) {
  if (member.location == Location::kHeaders)
    return read_prefixed_headers(member.wire_name, headers);
  const std::string* text = headers.find(member.wire_name);
  return text == nullptr ? Document() : read_header_text(*member.shape, *text);
}

void write_header_fields(const Shape& output, const Document& reply, net::Reply& to) {
  for (const Member& member : output.members) {
    if (member.location != Location::kHeader && member.location != Location::kHeaders) continue;
    const Document* value = reply.find(member.name);
    if (value != nullptr && !value->is_null()) write_header(member, *value, to);
  }
}

const Member* payload_of(const Shape& shape) {
  for (const Member& member : shape.members) {
    if (member.name == shape.payload) return &member;
  }
  return nullptr;
}

}  // namespace clary::wire
