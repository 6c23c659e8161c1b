#include "host/python_text.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/json.h"
#include "base/text_encoding.h"

namespace clary::host {
namespace {

// Unicode's letters and cases, whatever the process's own locale is.
class UnicodeLocale {
 public:
  UnicodeLocale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  UnicodeLocale(const UnicodeLocale&) = delete;
  UnicodeLocale& operator=(const UnicodeLocale&) = delete;
  ~UnicodeLocale() {
    if (locale_ != nullptr) ::freelocale(locale_);
  }
  char32_t upper(char32_t point) const {
    return locale_ == nullptr ? point : static_cast<char32_t>(::towupper_l(point, locale_));
  }
  // str.isprintable() of one character; Python counts every space but ' ' as not printable.
  bool printable(char32_t point) const {
    if (point < 0x80) return point >= 0x20 && point != 0x7f;
    if (locale_ == nullptr) return true;
    const bool format = point == 0xad || (point >= 0x200b && point <= 0x200f) ||
                        (point >= 0x202a && point <= 0x202e) ||
                        (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
    return !format && point != 0xa0 && ::iswprint_l(point, locale_) != 0 &&
           ::iswspace_l(point, locale_) == 0;
  }

 private:
  locale_t locale_;
};

// The code points of valid UTF-8; bytes that are not are repaired first.
std::vector<char32_t> code_points(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::vector<char32_t> points;
  points.reserve(valid.size());
  for (std::size_t at = 0; at < valid.size();) {
    const auto lead = static_cast<unsigned char>(valid[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      point = point << 6 | (static_cast<unsigned char>(valid[at + k]) & 0x3fU);
    }
    points.push_back(point);
    at += length;
  }
  return points;
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&out](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

// float.__repr__: the shortest digits that read back equal, an exponent below 1e-04 and from 1e+16
// on.
std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 40> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const std::string_view scientific(text.data(), static_cast<std::size_t>(end - text.data()));
  const std::size_t mark = scientific.find('e');
  int exponent = 0;
  std::string_view exponent_text = scientific.substr(mark + 1);
  if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  const bool negative = scientific.front() == '-';
  std::string digits(scientific.substr(negative ? 1 : 0, mark - (negative ? 1 : 0)));
  if (exponent < -4 || exponent >= 16) {
    return fmt::format("{}{}e{}{:02}", negative ? "-" : "", digits, exponent < 0 ? '-' : '+',
                       std::abs(exponent));
  }
  std::erase(digits, '.');
  const auto places = static_cast<std::size_t>(std::abs(exponent));
  std::string plain;
  if (exponent < 0) {
    plain = "0." + std::string(places - 1, '0') + digits;
  } else if (digits.size() <= places + 1) {
    plain = digits + std::string(places + 1 - digits.size(), '0') + ".0";
  } else {
    plain = digits.substr(0, places + 1) + "." + digits.substr(places + 1);
  }
  return (negative ? "-" : "") + plain;
}

// "-0" is an int to Python, and its only zero is 0.
std::string big_repr(const std::string& text) { return text == "-0" ? "0" : text; }

std::string text_repr(std::string_view text) {
  const UnicodeLocale unicode;
  const char quote =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"'
                                                                                            : '\'';
  std::string out(1, quote);
  for (const char32_t point : code_points(text)) {
    if (point == static_cast<char32_t>(quote) || point == U'\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (point == U'\n') {
      out += "\\n";
    } else if (point == U'\r') {
      out += "\\r";
    } else if (point == U'\t') {
      out += "\\t";
    } else if (unicode.printable(point)) {
      append_utf8(out, point);
    } else if (point < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(point));
    } else if (point < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(point));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<unsigned>(point));
    }
  }
  return out += quote;
}

// A dict keeps the place of a name's first appearance and the value of its last.
Document::Object as_dict(const Document::Object& members) {
  Document::Object dict;
  for (const Document::Member& member : members) {
    const auto same = std::find_if(dict.begin(), dict.end(),
                                   [&](const auto& had) { return had.name == member.name; });
    if (same == dict.end())
      dict.push_back(member);
    else
      same->value = member.value;
  }
  return dict;
}

void append_ascii_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char32_t point : code_points(text)) {
    switch (point) {
      case U'"':
        out += "\\\"";
        break;
      case U'\\':
        out += "\\\\";
        break;
      case U'\n':
        out += "\\n";
        break;
      case U'\r':
        out += "\\r";
        break;
      case U'\t':
        out += "\\t";
        break;
      case U'\b':
        out += "\\b";
        break;
      case U'\f':
        out += "\\f";
        break;
      default:
        if (point >= 0x20 && point < 0x7f) {
          out += static_cast<char>(point);
        } else if (point < 0x10000) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(point));
        } else {
          const auto rest = static_cast<unsigned>(point - 0x10000);
          out +=
              fmt::format("\\u{:04x}\\u{:04x}", 0xd800U + (rest >> 10), 0xdc00U + (rest & 0x3ffU));
        }
    }
  }
  out += '"';
}

void append_json(std::string& out, const Document& value) {
  if (const auto* object = value.as_object()) {
    Document::Object members = as_dict(*object);
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      append_ascii_json_text(out, members[i].name);
      out += ':';
      append_json(out, members[i].value);
    }
    out += '}';
  } else if (const auto* array = value.as_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, (*array)[i]);
    }
    out += ']';
  } else if (const auto* text = value.as_string()) {
    append_ascii_json_text(out, *text);
  } else if (const auto* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const auto* real = value.as_double()) {
    out += std::isnan(*real)   ? "NaN"
           : std::isinf(*real) ? (*real < 0 ? "-Infinity" : "Infinity")
                               : float_repr(*real);
  } else {
    out += value.is_null() ? "null" : python_str(value);
  }
}

// Numbers beyond a double's range, which Python reads as infinities and base/json refuses.
bool is_overflowing_number(std::string_view text, double& value) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc::result_out_of_range || end != text.data() + text.size()) return false;
  const std::size_t mark = text.find_first_of("eE");
  const bool tiny = mark != std::string_view::npos && text.substr(mark + 1).starts_with('-');
  const double sign = text.starts_with('-') ? -1.0 : 1.0;
  value = tiny ? sign * 0.0 : sign * std::numeric_limits<double>::infinity();
  return true;
}

std::string_view without_json_space(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\n\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\n\r") - from + 1);
}

}  // namespace

Result<Document> python_json_loads(std::string_view text) {
  const std::string_view word = without_json_space(text);
  if (word == "NaN") return Document(std::numeric_limits<double>::quiet_NaN());
  if (word == "Infinity") return Document(std::numeric_limits<double>::infinity());
  if (word == "-Infinity") return Document(-std::numeric_limits<double>::infinity());
  double value = 0;
  if (is_overflowing_number(word, value)) return Document(value);
  return parse_json(text);
}

std::string python_str(const Document& value) {
  const std::string* text = value.as_string();
  return text != nullptr ? *text : python_repr(value);
}

std::string python_repr(const Document& value) {
  if (const auto* text = value.as_string()) return text_repr(*text);
  if (const auto* flag = value.as_bool()) return *flag ? "True" : "False";
  if (const auto* whole = value.as_int()) return std::to_string(*whole);
  if (const auto* big = value.as_big_number()) return big_repr(big->text);
  if (const auto* real = value.as_double()) return float_repr(*real);
  std::string out;
  if (const auto* array = value.as_array()) {
    for (const Document& element : *array) out += (out.empty() ? "" : ", ") + python_repr(element);
    return "[" + out + "]";
  }
  if (const auto* object = value.as_object()) {
    for (const auto& [name, member] : as_dict(*object)) {
      out += (out.empty() ? "" : ", ") + text_repr(name) + ": " + python_repr(member);
    }
    return "{" + out + "}";
  }
  return "None";
}

std::string python_json_dumps(const Document& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string python_upper(std::string_view text) {
  const UnicodeLocale unicode;
  std::string out;
  out.reserve(text.size());
  for (const char32_t point : code_points(text)) {
    if (point == 0xdf)
      out += "SS";  // the one letter in common use whose capital is two
    else
      append_utf8(out, unicode.upper(point));
  }
  return out;
}

}  // namespace clary::host
