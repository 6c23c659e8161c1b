// Document: a tree of values, the one form between bytes and types.
//
// JSON, query strings, XML bodies and Clary's own files are all read into a Document and written
// from one. Objects keep the order of their members. Values; not thread-safe while written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace clary {

class Document {
 public:
  struct Member;
  using Array = std::vector<Document>;
  using Object = std::vector<Member>;
  // A number kept as its text: an integer beyond 64 bits.
  struct BigNumber {
    std::string text;
    friend bool operator==(const BigNumber&, const BigNumber&) = default;
  };
  // Bytes that JSON and XML carry as base64.
  struct Blob {
    std::string bytes;
    friend bool operator==(const Blob&, const Blob&) = default;
  };

  Document();                        // null
  Document(std::nullptr_t);          // NOLINT: implicit
  Document(bool value);              // NOLINT: implicit
  Document(int value);               // NOLINT: implicit
  Document(std::int64_t value);      // NOLINT: implicit
  Document(double value);            // NOLINT: implicit
  Document(std::string value);       // NOLINT: implicit
  Document(std::string_view value);  // NOLINT: implicit
  Document(const char* value);       // NOLINT: implicit
  Document(TimePoint value);         // NOLINT: implicit; JSON: epoch seconds
  Document(BigNumber value);         // NOLINT: implicit
  Document(Blob value);              // NOLINT: implicit
  Document(Array value);             // NOLINT: implicit
  Document(Object value);            // NOLINT: implicit
  static Document object(std::initializer_list<std::pair<std::string_view, Document>> members = {});
  static Document array(Array elements);
  static Document array();

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return as_object() != nullptr; }
  bool is_array() const { return as_array() != nullptr; }

  // The value when it is of that kind, else nullptr.
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&value_); }
  const double* as_double() const { return std::get_if<double>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const TimePoint* as_time() const { return std::get_if<TimePoint>(&value_); }
  const BigNumber* as_big_number() const { return std::get_if<BigNumber>(&value_); }
  const Blob* as_blob() const { return std::get_if<Blob>(&value_); }
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }
  Array* as_array() { return std::get_if<Array>(&value_); }
  Object* as_object() { return std::get_if<Object>(&value_); }

  // Member of an object; nullptr when absent or when this is no object. The last of equal names
  // wins.
  const Document* find(std::string_view name) const;
  Document* find(std::string_view name);
  // The member's value of that kind, or the fallback: for Clary's own files.
  std::string string_or(std::string_view name, std::string_view fallback) const;
  std::int64_t int_or(std::string_view name, std::int64_t fallback) const;
  double double_or(std::string_view name, double fallback) const;
  bool bool_or(std::string_view name, bool fallback) const;

  // Sets a member, keeping its place when it is there. Precondition: an object or null (which
  // becomes one).
  Document& set(std::string_view name, Document value);
  // Appends. Precondition: an array or null (which becomes one).
  Document& push(Document value);

  friend bool operator==(const Document&, const Document&);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, TimePoint, BigNumber, Blob,
               Array, Object>
      value_;
};

struct Document::Member {
  std::string name;
  Document value;
  friend bool operator==(const Member&, const Member&) = default;
};

// Defined here, where Member is complete.
inline Document::Document() = default;
inline Document::Document(std::nullptr_t) {}
inline Document::Document(bool value) : value_(value) {}
inline Document::Document(int value) : value_(std::int64_t{value}) {}
inline Document::Document(std::int64_t value) : value_(value) {}
inline Document::Document(double value) : value_(value) {}
inline Document::Document(std::string value) : value_(std::move(value)) {}
inline Document::Document(std::string_view value) : value_(std::string(value)) {}
inline Document::Document(const char* value) : value_(std::string(value)) {}
inline Document::Document(TimePoint value) : value_(value) {}
inline Document::Document(BigNumber value) : value_(std::move(value)) {}
inline Document::Document(Blob value) : value_(std::move(value)) {}
inline Document::Document(Array value) : value_(std::move(value)) {}
inline Document::Document(Object value) : value_(std::move(value)) {}
inline Document Document::array() { return Array(); }

// An array of texts.
Document text_array(const std::vector<std::string>& texts);

}  // namespace clary
