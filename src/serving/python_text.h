// Text as Python writes and reads it, where an answer must be the same byte for byte: numbers,
// UTF-8, positions in a text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::serving {

// Appends repr(value): "0.1", "1e-05", "3.0", "nan", "inf", "-inf".
void append_float(std::string& text, double value);
void append_integer(std::string& text, std::int64_t value);
void append_integer(std::string& text, std::uint64_t value);

// The nearest double of decimal digits with a point or an exponent; an infinity where it is too
// large. text: what JSON calls a number.
double read_decimal(std::string_view text);

// What int(text) gives, surrounding spaces and single underscores between digits included; nothing
// where it raises ValueError. ASCII only.
struct Integer {
  std::int64_t value = 0;
  bool fits = true;  // in int64
};
std::optional<Integer> read_python_int(std::string_view text);
// float(text), the same way.
std::optional<double> read_python_float(std::string_view text);

// InvalidArgument with the words of str(body, "utf-8") where it is not UTF-8.
Status check_utf8(std::string_view body);
// ": line 1 column 2 (char 1)" of the byte `at`; characters are counted, not bytes.
std::string position_text(std::string_view text, std::size_t at);

}  // namespace clary::serving
