#include "wire/query.h"

#include <map>
#include <set>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "wire/scalar_text.h"
#include "wire/xml.h"

namespace clary::wire {
namespace {

// Beyond so many, unknown fields are not kept: those before them refuse the request.
constexpr std::size_t kMostMembers = 64;

// The fields by name, in order, and which of them were understood.
class FormFields {
 public:
  explicit FormFields(const Form& form) {
    for (const auto& [name, value] : form) values_.emplace(name, value);
  }

  const std::string* take(const std::string& name) {
    const auto at = values_.find(name);
    if (at == values_.end()) return nullptr;
    taken_.insert(name);
    return &at->second;
  }
  bool has_under(const std::string& prefix) const {
    if (values_.contains(prefix)) return true;
    const auto at = values_.lower_bound(prefix + '.');
    return at != values_.end() && at->first.starts_with(prefix + '.');
  }
  void add_unknown(Document& out) const {
    for (const auto& [name, value] : values_) {
      if (name == "Action" || name == "Version" || taken_.contains(name)) continue;
      if (out.as_object()->size() > kMostMembers) return;
      out.set(name.substr(0, name.find('.')), Document(value));
    }
  }

 private:
  std::map<std::string, std::string> values_;
  std::set<std::string> taken_;
};

std::string joined(const std::string& prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : prefix + '.' + std::string(name);
}

Document read_value(FormFields& fields, const Shape& shape, const std::string& name);

Document read_structure(FormFields& fields, const Shape* shape, const std::string& prefix) {
  Document out = Document::Object{};
  if (shape == nullptr) return out;
  for (const Member& member : shape->members) {
    const std::string name = joined(prefix, member.wire_name);
    if (fields.has_under(name)) out.set(member.name, read_value(fields, *member.shape, name));
  }
  return out;
}

Document read_list(FormFields& fields, const Shape& shape, const std::string& name) {
  Document::Array out;
  const std::string prefix = shape.flattened ? name : joined(name, shape.element_name);
  fields.take(name);  // "Tags=": an empty list
  for (std::size_t i = 1; fields.has_under(prefix + '.' + std::to_string(i)); ++i) {
    out.push_back(read_value(fields, *shape.element, prefix + '.' + std::to_string(i)));
  }
  return out;
}

Document read_map(FormFields& fields, const Shape& shape, const std::string& name) {
  Document out = Document::Object{};
  const std::string prefix = shape.flattened ? name : joined(name, shape.element_name);
  for (std::size_t i = 1; fields.has_under(prefix + '.' + std::to_string(i)); ++i) {
    const std::string entry = prefix + '.' + std::to_string(i);
    const std::string* key = fields.take(joined(entry, shape.key_name));
    Document value = read_value(fields, *shape.element, joined(entry, shape.value_name));
    out.set(key == nullptr ? "" : *key, std::move(value));
  }
  return out;
}

Document read_value(FormFields& fields, const Shape& shape, const std::string& name) {
  switch (shape.kind) {
    case Kind::kStructure:
      return read_structure(fields, &shape, name);
    case Kind::kList:
      return read_list(fields, shape, name);
    case Kind::kMap:
      return read_map(fields, shape, name);
    default: {
      const std::string* text = fields.take(name);
      return text == nullptr ? Document() : read_scalar(shape, *text);
    }
  }
}

}  // namespace

Result<Form> read_form(std::string_view body) {
  Form form;
  for (const std::string_view field : split(body, '&')) {
    if (field.empty()) continue;
    if (form.size() == kMostFormFields) return limit_exceeded("the form has too many fields");
    const std::size_t equals = field.find('=');
    CLARY_TRY(std::string name, form_decode(field.substr(0, equals)));
    CLARY_TRY(std::string value,
              form_decode(equals == std::string_view::npos ? std::string_view()
                                                           : field.substr(equals + 1)));
    form.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

Result<Form> read_query_form(std::string_view raw_query) {
  CLARY_TRY(Form form, read_form(raw_query));
  std::erase_if(form, [](const auto& field) { return field.first.starts_with("X-Amz-"); });
  return form;
}

std::string_view form_value(const Form& form, std::string_view name) {
  for (const auto& [field, value] : form) {
    if (field == name) return value;
  }
  return {};
}

Document read_query(const Operation& operation, const Form& form) {
  FormFields fields(form);
  Document out = read_structure(fields, operation.input, "");
  fields.add_unknown(out);
  return out;
}

std::string write_query(const Operation& operation, const Document& reply,
                        std::string_view request_id) {
  const std::string name(operation.name);
  std::string out =
      "<" + name + "Response xmlns=\"" + xml_escape(operation.service->xml_namespace) + "\">";
  if (operation.output != nullptr) {
    out += "<" + name + "Result>";
    append_xml_members(out, *operation.output, reply);
    out += "</" + name + "Result>";
  }
  out += "<ResponseMetadata>";
  append_xml_element(out, "RequestId", request_id);
  return out + "</ResponseMetadata></" + name + "Response>\n";
}

}  // namespace clary::wire
