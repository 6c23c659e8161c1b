#include "serving/python_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/strings.h"

namespace clary::serving {
namespace {

// repr() writes an exponent from 1e16 on and below 1e-4.
constexpr int kMostWhole = 16;
constexpr int kLeastWhole = -4;

template <typename Number>
void append_number(std::string& text, Number value) {
  std::array<char, 24> digits;
  const auto done = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), done.ptr);
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view strip(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// Without its underscores; nothing where one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return plain;
}

std::string invalid_bytes(std::string_view body, std::size_t at, std::size_t count,
                          std::string_view why) {
  std::array<char, 8> hex;
  std::snprintf(hex.data(), hex.size(), "0x%02x", static_cast<unsigned char>(body[at]));
  const std::string where =
      count == 1 ? std::string("byte ") + hex.data() + " in position " + std::to_string(at)
                 : "bytes in position " + std::to_string(at) + "-" + std::to_string(at + count - 1);
  return "'utf-8' codec can't decode " + where + ": " + std::string(why);
}

// How many bytes a character has that begins so, 0 where none does; and what its second may be.
struct Start {
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};

Start start_of(unsigned char first) {
  if (first < 0x80) return {.length = 1};
  if (first < 0xc2 || first > 0xf4) return {};
  if (first < 0xe0) return {.length = 2};
  if (first == 0xe0) return {.length = 3, .low = 0xa0};
  if (first == 0xed) return {.length = 3, .high = 0x9f};
  if (first < 0xf0) return {.length = 3};
  if (first == 0xf0) return {.length = 4, .low = 0x90};
  if (first == 0xf4) return {.length = 4, .high = 0x8f};
  return {.length = 4};
}

}  // namespace

void append_float(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "nan";
    return;
  }
  if (std::isinf(value)) {
    text += value < 0 ? "-inf" : "inf";
    return;
  }
  std::array<char, 40> digits;
  char* const end = digits.data() + digits.size();
  // The shortest digits, as d.ddde+XX; where the point stands decides on the form.
  const auto done = std::to_chars(digits.data(), end, value, std::chars_format::scientific);
  const std::string_view scientific(digits.data(), done.ptr);
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* const sign = scientific.data() + e + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, done.ptr, exponent);
  if (exponent < kLeastWhole || exponent >= kMostWhole) {
    text += scientific;  // both write two digits of exponent at least
    return;
  }
  const auto fixed = std::to_chars(digits.data(), end, value, std::chars_format::fixed);
  const std::string_view plain(digits.data(), fixed.ptr);
  text += plain;
  if (plain.find('.') == std::string_view::npos) text += ".0";
}

void append_integer(std::string& text, std::int64_t value) { append_number(text, value); }
void append_integer(std::string& text, std::uint64_t value) { append_number(text, value); }

double read_decimal(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc()) return value;
  return std::strtod(std::string(text).c_str(), nullptr);  // an infinity, or next to nothing
}

std::optional<Integer> read_python_int(std::string_view text) {
  text = strip(text);
  std::string plain;
  if (text.find('_') != std::string_view::npos) {
    const auto without = without_underscores(text);
    if (!without) return std::nullopt;
    plain = *without;
    text = plain;
  }
  std::string_view digits = text;
  if (!digits.empty() && (digits[0] == '+' || digits[0] == '-')) digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  for (const char letter : digits) {
    if (!is_digit(letter)) return std::nullopt;
  }
  if (text[0] == '+') text.remove_prefix(1);
  Integer read;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), read.value);
  read.fits = done.ec == std::errc();
  return read;
}

std::optional<double> read_python_float(std::string_view text) {
  text = strip(text);
  std::string plain;
  if (text.find('_') != std::string_view::npos) {
    const auto without = without_underscores(text);
    if (!without) return std::nullopt;
    plain = *without;
    text = plain;
  }
  std::string_view unsigned_text = text;
  const bool is_signed = !text.empty() && (text[0] == '+' || text[0] == '-');
  if (is_signed) unsigned_text.remove_prefix(1);
  if (unsigned_text.empty()) return std::nullopt;
  if (!is_digit(unsigned_text[0]) && unsigned_text[0] != '.') {
    const std::string word = to_lower(unsigned_text);
    const double sign = text[0] == '-' ? -1 : 1;
    if (word == "nan") return std::copysign(std::nan(""), sign);
    if (word == "inf" || word == "infinity") return sign * HUGE_VAL;
    return std::nullopt;
  }
  // from_chars() takes no sign but '-', and "1." and ".5" as Python does.
  double value = 0;
  const char* const end = unsigned_text.data() + unsigned_text.size();
  const auto done = std::from_chars(unsigned_text.data(), end, value);
  if (done.ptr != end || done.ec == std::errc::invalid_argument) return std::nullopt;
  if (done.ec != std::errc()) value = read_decimal(unsigned_text);
  return text[0] == '-' ? -value : value;
}

Status check_utf8(std::string_view body) {
  std::size_t at = 0;
  while (at < body.size()) {
    const auto first = static_cast<unsigned char>(body[at]);
    if (first < 0x80) {
      ++at;
      continue;
    }
    const Start start = start_of(first);
    if (start.length == 0)
      return invalid_argument(invalid_bytes(body, at, 1, "invalid start byte"));
    for (std::size_t i = 1; i < start.length; ++i) {
      if (at + i == body.size())
        return invalid_argument(invalid_bytes(body, at, i, "unexpected end of data"));
      const auto next = static_cast<unsigned char>(body[at + i]);
      const bool fits =
          i == 1 ? next >= start.low && next <= start.high : next >= 0x80 && next <= 0xbf;
      if (!fits) return invalid_argument(invalid_bytes(body, at, i, "invalid continuation byte"));
    }
    at += start.length;
  }
  return {};
}

std::string position_text(std::string_view text, std::size_t at) {
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t characters = 0;
  for (const char letter : text.substr(0, at)) {
    if ((static_cast<unsigned char>(letter) & 0xc0) == 0x80) continue;  // within a character
    ++characters;
    ++column;
    if (letter == '\n') {
      ++line;
      column = 1;
    }
  }
  return ": line " + std::to_string(line) + " column " + std::to_string(column) + " (char " +
         std::to_string(characters) + ")";
}

}  // namespace clary::serving
