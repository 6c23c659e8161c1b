#include "wire/xml.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "base/text_encoding.h"
#include "wire/scalar_text.h"

namespace clary::wire {
namespace {

// Enough for the validator to refuse the request by.
constexpr std::size_t kMostUnknownKept = 8;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// U+FFFE and U+FFFF: valid UTF-8 that XML 1.0 does not have.
bool is_noncharacter(std::string_view character) {
  return character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

// Bytes that stand for themselves: most of every text, and copied a run at a time.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char escaped : {'&', '<', '>', '"'}) plain[static_cast<std::size_t>(escaped)] = false;
  plain['\t'] = plain['\n'] = true;
  return plain;
}();

std::size_t plain_bytes(std::string_view text) {
  const auto end =
      std::ranges::find_if_not(text, [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
  return static_cast<std::size_t>(end - text.begin());
}

std::string_view escaped(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#13;";
    default:
      return kReplacement;  // XML 1.0 has no other control characters
  }
}

// From the first byte that is not ASCII on.
void append_escaped_utf8(std::string& out, std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0xEF && is_noncharacter(std::string_view(valid).substr(i, 3))) {
      out += kReplacement;
      i += 2;
    } else if (byte >= 0x80 || kPlain[byte]) {
      out += c;
    } else {
      out += escaped(c);
    }
  }
}

void append_escaped(std::string& out, std::string_view text) {
  while (true) {
    const std::size_t plain = plain_bytes(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (static_cast<unsigned char>(text.front()) >= 0x80) return append_escaped_utf8(out, text);
    out.append(escaped(text.front()));
    text.remove_prefix(1);
  }
}

void append_value(std::string& out, const Shape& shape, std::string_view name,
                  const Document& value);

void append_list(std::string& out, const Shape& shape, std::string_view name,
                 const Document& value) {
  const Document::Array* elements = value.as_array();
  if (elements == nullptr) return;
  if (shape.flattened) {
    for (const Document& element : *elements) append_value(out, *shape.element, name, element);
    return;
  }
  out.append("<").append(name).append(">");
  for (const Document& element : *elements)
    append_value(out, *shape.element, shape.element_name, element);
  out.append("</").append(name).append(">");
}

void append_map(std::string& out, const Shape& shape, std::string_view name,
                const Document& value) {
  const Document::Object* entries = value.as_object();
  if (entries == nullptr) return;
  const std::string_view entry_name = shape.flattened ? name : shape.element_name;
  if (!shape.flattened) out.append("<").append(name).append(">");
  for (const auto& [key, entry] : *entries) {
    out.append("<").append(entry_name).append(">");
    append_xml_element(out, shape.key_name, key);
    append_value(out, *shape.element, shape.value_name, entry);
    out.append("</").append(entry_name).append(">");
  }
  if (!shape.flattened) out.append("</").append(name).append(">");
}

// S3's only attribute is xsi:type, whose prefix must be declared.
void append_attributes(std::string& out, const Shape& structure, const Document& value) {
  for (const Member& member : structure.members) {
    const Document* found = member.xml_attribute ? value.find(member.name) : nullptr;
    if (found == nullptr || found->as_string() == nullptr) continue;
    if (member.wire_name.starts_with("xsi:"))
      out += " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    out.append(" ").append(member.wire_name).append("=\"");
    append_escaped(out, *found->as_string());
    out.append("\"");
  }
}

void append_value(std::string& out, const Shape& shape, std::string_view name,
                  const Document& value) {
  switch (shape.kind) {
    case Kind::kStructure:
      out.append("<").append(name);
      append_attributes(out, shape, value);
      out.append(">");
      append_xml_members(out, shape, value);
      out.append("</").append(name).append(">");
      return;
    case Kind::kList:
      append_list(out, shape, name, value);
      return;
    case Kind::kMap:
      append_map(out, shape, name, value);
      return;
    default:
      append_xml_element(out, name, write_scalar(shape, value, TimeFormat::kIso8601));
  }
}

// "s3:Key" and "Key" are the same element here.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

Document read_value(const Shape& shape, const pugi::xml_node& node);

Document read_map_entry(const Shape& shape, const pugi::xml_node& entry, std::string& key) {
  Document value;
  for (const pugi::xml_node& part : entry.children()) {
    if (local_name(part) == shape.key_name) key = part.text().get();
    if (local_name(part) == shape.value_name) value = read_value(*shape.element, part);
  }
  return value;
}

Document read_structure(const Shape& shape, const pugi::xml_node& node) {
  Document out = Document::Object{};
  std::size_t unknown = 0;
  for (const Member& member : shape.members) {
    const pugi::xml_attribute found = member.xml_attribute
                                          ? node.attribute(std::string(member.wire_name).c_str())
                                          : pugi::xml_attribute();
    if (found) out.set(member.name, read_scalar(*member.shape, found.value()));
  }
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const Member* found = nullptr;
    for (const Member& member : shape.members) {
      if (member.wire_name == local_name(child)) found = &member;
    }
    if (found == nullptr) {
      if (++unknown > kMostUnknownKept) continue;
      out.set(local_name(child), Document(child.text().get()));
    } else if (found->shape->kind == Kind::kList && found->shape->flattened) {
      if (out.find(found->name) == nullptr) out.set(found->name, Document::Array{});
      out.find(found->name)->push(read_value(*found->shape->element, child));
    } else if (found->shape->kind == Kind::kMap && found->shape->flattened) {
      if (out.find(found->name) == nullptr) out.set(found->name, Document::Object{});
      std::string key;
      Document value = read_map_entry(*found->shape, child, key);
      out.find(found->name)->set(key, std::move(value));
    } else {
      out.set(found->name, read_value(*found->shape, child));
    }
  }
  return out;
}

Document read_value(const Shape& shape, const pugi::xml_node& node) {
  switch (shape.kind) {
    case Kind::kStructure:
      return read_structure(shape, node);
    case Kind::kList: {
      Document::Array out;
      for (const pugi::xml_node& child : node.children()) {
        if (child.type() == pugi::node_element) out.push_back(read_value(*shape.element, child));
      }
      return out;
    }
    case Kind::kMap: {
      Document out = Document::Object{};
      for (const pugi::xml_node& child : node.children()) {
        std::string key;
        Document value = read_map_entry(shape, child, key);
        out.set(key, std::move(value));
      }
      return out;
    }
    default:
      return read_scalar(shape, node.text().get());
  }
}

}  // namespace

std::string xml_escape(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
  out.append("<").append(name).append(">");
  append_escaped(out, text);
  out.append("</").append(name).append(">");
}

void append_xml_members(std::string& out, const Shape& structure, const Document& value) {
  for (const Member& member : structure.members) {
    if (member.location != Location::kBody || member.streaming || member.xml_attribute) continue;
    const Document* found = value.find(member.name);
    if (found != nullptr && !found->is_null())
      append_value(out, *member.shape, member.wire_name, *found);
  }
}

Result<Document> read_xml(const Shape& structure, std::string_view text, std::string_view root) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(),
                           pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (!parsed)
    return invalid_argument(std::string("the XML is not well-formed: ") + parsed.description());
  const pugi::xml_node element = document.document_element();
  if (!element) return invalid_argument("the XML has no root element");
  if (!root.empty() && local_name(element) != root) {
    return invalid_argument("the root element is <" + std::string(local_name(element)) +
                            ">, not <" + std::string(root) + ">");
  }
  return read_structure(structure, element);
}

}  // namespace clary::wire
