// Documents to and from plain values: what the generated codecs are made of.
//
// Precondition of every decode(): the Document passed wire::Validator with the value's shape. A
// member of another kind is left at its default. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/document.h"

namespace clary::wire {

// A map in the order it was sent.
template <typename V>
using Map = std::vector<std::pair<std::string, V>>;

void decode(const Document& from, std::string& to);
void decode(const Document& from, std::int64_t& to);
void decode(const Document& from, double& to);
void decode(const Document& from, bool& to);
void decode(const Document& from, TimePoint& to);  // epoch seconds, ISO 8601 or an instant
void decode(const Document& from, Document::Blob& to);
template <typename T>
void decode(const Document& from, std::vector<T>& to);
template <typename V>
void decode(const Document& from, Map<V>& to);

inline Document encode(const std::string& from) { return from; }
inline Document encode(std::int64_t from) { return from; }
inline Document encode(double from) { return from; }
inline Document encode(bool from) { return from; }
inline Document encode(TimePoint from) { return from; }
inline Document encode(const Document::Blob& from) { return from; }
template <typename T>
Document encode(const std::vector<T>& from);
template <typename V>
Document encode(const Map<V>& from);

template <typename T>
void decode(const Document& from, std::vector<T>& to) {
  const Document::Array* array = from.as_array();
  if (array == nullptr) return;
  to.clear();
  to.reserve(array->size());
  for (const Document& element : *array) decode(element, to.emplace_back());
}

template <typename V>
void decode(const Document& from, Map<V>& to) {
  const Document::Object* object = from.as_object();
  if (object == nullptr) return;
  to.clear();
  to.reserve(object->size());
  for (const auto& [name, value] : *object) decode(value, to.emplace_back(name, V{}).second);
}

template <typename T>
Document encode(const std::vector<T>& from) {
  Document::Array array;
  array.reserve(from.size());
  for (const T& element : from) array.push_back(encode(element));
  return array;
}

template <typename V>
Document encode(const Map<V>& from) {
  Document::Object object;
  object.reserve(from.size());
  for (const auto& [name, value] : from) object.push_back({name, encode(value)});
  return object;
}

// Members of a structure: an absent or null one leaves `to` as it is; an empty optional is not
// written.
template <typename T>
void read_member(const Document& from, std::string_view name, T& to) {
  const Document* member = from.find(name);
  if (member != nullptr && !member->is_null()) decode(*member, to);
}
template <typename T>
void read_member(const Document& from, std::string_view name, std::optional<T>& to) {
  const Document* member = from.find(name);
  if (member != nullptr && !member->is_null()) decode(*member, to.emplace());
}
template <typename T>
void write_member(Document::Object& to, std::string_view name, const T& from) {
  to.push_back({std::string(name), encode(from)});
}
template <typename T>
void write_member(Document::Object& to, std::string_view name, const std::optional<T>& from) {
  if (from.has_value()) to.push_back({std::string(name), encode(*from)});
}

}  // namespace clary::wire
