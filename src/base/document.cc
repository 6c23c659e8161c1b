#include "base/document.h"

#include "base/check.h"

namespace clary {

Document Document::object(std::initializer_list<std::pair<std::string_view, Document>> members) {
  Object object;
  object.reserve(members.size());
  for (const auto& [name, value] : members) object.push_back({std::string(name), value});
  return object;
}

Document Document::array(Array elements) { return elements; }

Document text_array(const std::vector<std::string>& texts) {
  return Document::Array(texts.begin(), texts.end());
}

const Document* Document::find(std::string_view name) const {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  for (auto member = object->rbegin(); member != object->rend(); ++member) {
    if (member->name == name) return &member->value;
  }
  return nullptr;
}

Document* Document::find(std::string_view name) {
  return const_cast<Document*>(static_cast<const Document*>(this)->find(name));
}

std::string Document::string_or(std::string_view name, std::string_view fallback) const {
  const Document* member = find(name);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string(fallback) : *text;
}

std::int64_t Document::int_or(std::string_view name, std::int64_t fallback) const {
  const Document* member = find(name);
  const std::int64_t* number = member == nullptr ? nullptr : member->as_int();
  return number == nullptr ? fallback : *number;
}

double Document::double_or(std::string_view name, double fallback) const {
  const Document* member = find(name);
  if (member == nullptr) return fallback;
  if (const double* number = member->as_double()) return *number;
  if (const std::int64_t* number = member->as_int()) return static_cast<double>(*number);
  return fallback;
}

bool Document::bool_or(std::string_view name, bool fallback) const {
  const Document* member = find(name);
  const bool* flag = member == nullptr ? nullptr : member->as_bool();
  return flag == nullptr ? fallback : *flag;
}

Document& Document::set(std::string_view name, Document value) {
  if (is_null()) value_ = Object{};
  Object* object = as_object();
  CLARY_CHECK(object != nullptr);
  if (Document* member = find(name)) {
    *member = std::move(value);
  } else {
    object->push_back({std::string(name), std::move(value)});
  }
  return *this;
}

Document& Document::push(Document value) {
  if (is_null()) value_ = Array{};
  Array* array = as_array();
  CLARY_CHECK(array != nullptr);
  array->push_back(std::move(value));
  return *this;
}

bool operator==(const Document& a, const Document& b) { return a.value_ == b.value_; }

}  // namespace clary
