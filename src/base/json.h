// JSON (RFC 8259) to and from a Document.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace clary {

struct JsonLimits {
  std::size_t depth = 64;  // arrays and objects inside each other
};

// InvalidArgument with what is wrong. Integers beyond 64 bits become BigNumber; other numbers int64
// or double.
Result<Document> parse_json(std::string_view text, JsonLimits limits = {});

// Compact. Doubles in their shortest form that reads back equal; NaN and infinities as null;
// instants as epoch seconds with milliseconds; blobs as base64; text that is not UTF-8 is repaired.
std::string to_json(const Document& document);
// Two spaces per level, for files that people read.
std::string to_pretty_json(const Document& document);
// `text` with JSON's escapes, in quotes, appended to `out`.
void append_json_string(std::string& out, std::string_view text);

}  // namespace clary
