#include "wire/constraint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::wire {
namespace {

constexpr std::size_t kLongestText = 1024;

bool is_number(Kind kind) {
  return kind == Kind::kInteger || kind == Kind::kLong || kind == Kind::kDouble;
}

std::string at_most(const Shape& shape) {
  return fmt::format("Member must have {} less than or equal to {}",
                     is_number(shape.kind) ? "value" : "length", shape.maximum);
}
std::string at_least(const Shape& shape) {
  return fmt::format("Member must have {} greater than or equal to {}",
                     is_number(shape.kind) ? "value" : "length", shape.minimum);
}
std::string of_pattern(const Shape& shape) {
  return fmt::format("Member must satisfy regular expression pattern: {}", shape.model_pattern);
}
std::string one_of(const Shape& shape) {
  return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(shape.values, ", "));
}

// Characters as Unicode counts them.
std::int64_t length_of(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

// What minimum and maximum measure; nothing for kinds without a size.
std::optional<double> size_of(const Shape& shape, const Document& value) {
  if (const std::string* text = value.as_string()) {
    if (shape.kind == Kind::kString) return static_cast<double>(length_of(*text));
    if (shape.kind == Kind::kBlob)
      return static_cast<double>(base64_decode(*text).value_or("").size());
  }
  if (const Document::Blob* blob = value.as_blob()) return static_cast<double>(blob->bytes.size());
  if (const Document::Array* array = value.as_array()) return static_cast<double>(array->size());
  if (shape.kind == Kind::kMap) return static_cast<double>(value.as_object()->size());
  if (const std::int64_t* number = value.as_int()) return static_cast<double>(*number);
  if (const double* number = value.as_double()) return *number;
  return std::nullopt;
}

void append_text(std::string& out, const Document& value) {
  if (out.size() > kLongestText) return;
  if (const std::string* text = value.as_string()) {
    out += *text;
  } else if (const Document::Array* array = value.as_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ", ";
      append_text(out, (*array)[i]);
    }
    out += ']';
  } else if (const Document::Object* object = value.as_object()) {
    out += '{';
    for (std::size_t i = 0; i < object->size(); ++i) {
      out += (i == 0 ? "" : ", ") + (*object)[i].name + '=';
      append_text(out, (*object)[i].value);
    }
    out += '}';
  } else {
    out += to_json(value);
  }
}

}  // namespace

std::string value_text(const Document& value) {
  std::string out;
  append_text(out, value);
  if (out.size() > kLongestText) out = to_valid_utf8(out.substr(0, kLongestText)) + "...";
  return out;
}

std::vector<std::string> broken_constraints(const Shape& shape, const Document& value,
                                            Patterns& patterns) {
  std::vector<std::string> broken;
  const bool measured = shape.minimum != kNoMinimum || shape.maximum != kNoMaximum;
  if (const std::optional<double> size = measured ? size_of(shape, value) : std::nullopt) {
    if (*size > static_cast<double>(shape.maximum)) broken.push_back(at_most(shape));
    if (*size < static_cast<double>(shape.minimum)) broken.push_back(at_least(shape));
  }
  const std::string* text = value.as_string();
  if (text == nullptr) return broken;
  if (!shape.pattern.empty() && !patterns.matches(shape.pattern, *text))
    broken.push_back(of_pattern(shape));
  const bool listed = shape.values.empty() || std::find(shape.values.begin(), shape.values.end(),
                                                        *text) != shape.values.end();
  if (!listed) broken.push_back(one_of(shape));
  return broken;
}

std::string constraint_list(const Shape& shape) {
  std::vector<std::string> all;
  if (shape.maximum != kNoMaximum) all.push_back(at_most(shape));
  if (shape.minimum != kNoMinimum) all.push_back(at_least(shape));
  if (!shape.pattern.empty()) all.push_back(of_pattern(shape));
  if (!shape.values.empty()) all.push_back(one_of(shape));
  return '[' + join(all, ", ") + ']';
}

}  // namespace clary::wire
