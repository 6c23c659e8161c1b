#include "base/json.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary {
namespace {

namespace od = simdjson::ondemand;
using Simd = simdjson::error_code;

class JsonReader {
 public:
  explicit JsonReader(JsonLimits limits) : limits_(limits) {}

  Simd read(od::value value, Document& out, std::size_t depth) const {
    if (depth > limits_.depth) return Simd::DEPTH_ERROR;
    od::json_type type{};
    if (const Simd failure = value.type().get(type)) return failure;
    switch (type) {
      case od::json_type::object:
        return read_object(value, out, depth);
      case od::json_type::array:
        return read_array(value, out, depth);
      case od::json_type::string:
        return read_string(value, out);
      case od::json_type::number:
        return read_number(value, out);
      case od::json_type::boolean: {
        bool flag = false;
        const Simd failure = value.get_bool().get(flag);
        out = flag;
        return failure;
      }
      case od::json_type::null: {
        bool is_null = false;
        const Simd failure = value.is_null().get(is_null);
        out = Document();
        return failure != Simd::SUCCESS ? failure : is_null ? Simd::SUCCESS : Simd::N_ATOM_ERROR;
      }
    }
    return Simd::TAPE_ERROR;
  }

 private:
  Simd read_object(od::value value, Document& out, std::size_t depth) const {
    od::object object;
    if (const Simd failure = value.get_object().get(object)) return failure;
    Document::Object members;
    for (auto field : object) {
      std::string_view name;
      if (const Simd failure = field.unescaped_key().get(name)) return failure;
      members.push_back({std::string(name), Document()});
      od::value child;
      if (const Simd failure = field.value().get(child)) return failure;
      if (const Simd failure = read(child, members.back().value, depth + 1)) return failure;
    }
    out = Document(std::move(members));
    return Simd::SUCCESS;
  }

  Simd read_array(od::value value, Document& out, std::size_t depth) const {
    od::array array;
    if (const Simd failure = value.get_array().get(array)) return failure;
    Document::Array elements;
    for (auto element : array) {
      od::value child;
      if (const Simd failure = element.get(child)) return failure;
      elements.emplace_back();
      if (const Simd failure = read(child, elements.back(), depth + 1)) return failure;
    }
    out = Document(std::move(elements));
    return Simd::SUCCESS;
  }

  static Simd read_string(od::value value, Document& out) {
    std::string_view text;
    const Simd failure = value.get_string().get(text);
    out = Document(text);
    return failure;
  }

  static Simd read_number(od::value value, Document& out) {
    return number_from(value.raw_json_token(), out);
  }

 public:
  // The whole number token, white space allowed after it.
  static Simd number_from(std::string_view token, Document& out) {
    while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                              token.back() == '\t')) {
      token.remove_suffix(1);
    }
    if (!is_number(token)) return Simd::NUMBER_ERROR;
    const char* end = token.data() + token.size();
    if (token.find_first_of(".eE") == std::string_view::npos) {
      std::int64_t whole = 0;
      if (std::from_chars(token.data(), end, whole).ec == std::errc{}) {
        out = Document(whole);
      } else {
        out = Document(Document::BigNumber{std::string(token)});
      }
      return Simd::SUCCESS;
    }
    double real = 0;
    const auto [stop, failure] = std::from_chars(token.data(), end, real);
    if (failure != std::errc{} || stop != end) return Simd::NUMBER_ERROR;
    out = Document(real);
    return Simd::SUCCESS;
  }

 private:
  // RFC 8259, section 6.
  static bool is_number(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
      const std::size_t from = at;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
      return at - from;
    };
    if (at < text.size() && text[at] == '-') ++at;
    const bool zero = at < text.size() && text[at] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (at < text.size() && text[at] == '.') {
      ++at;
      if (digits() == 0) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
      ++at;
      if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
      if (digits() == 0) return false;
    }
    return at == text.size();
  }

  JsonLimits limits_;
};

Simd read_document(std::string_view text, JsonLimits limits, Document& out) {
  const simdjson::padded_string padded(text);
  od::parser parser;
  od::document document;
  if (const Simd failure = parser.iterate(padded).get(document)) return failure;
  bool scalar = false;
  if (const Simd failure = document.is_scalar().get(scalar)) return failure;
  if (scalar) {
    // A scalar at the top has no od::value; read it as the only element of an array.
    const std::string wrapped = "[" + std::string(text) + "]";
    Document array;
    if (const Simd failure = read_document(wrapped, limits, array)) return failure;
    if (array.as_array() == nullptr || array.as_array()->size() != 1) return Simd::TAPE_ERROR;
    out = array.as_array()->front();
    return Simd::SUCCESS;
  }
  od::value value;
  if (const Simd failure = document.get_value().get(value)) return failure;
  if (const Simd failure = JsonReader(limits).read(value, out, 1)) return failure;
  const char* rest = nullptr;
  const bool at_end = document.current_location().get(rest) == Simd::OUT_OF_BOUNDS;
  return at_end ? Simd::SUCCESS : Simd::TRAILING_CONTENT;
}

class JsonWriter {
 public:
  explicit JsonWriter(bool pretty) : pretty_(pretty) {}

  void write(const Document& document, std::size_t level) {
    if (const auto* flag = document.as_bool())
      out_ += *flag ? "true" : "false";
    else if (const auto* whole = document.as_int())
      append(*whole);
    else if (const auto* real = document.as_double())
      append(*real);
    else if (const auto* text = document.as_string())
      append_json_string(out_, *text);
    else if (const auto* time = document.as_time())
      append(*time);
    else if (const auto* big = document.as_big_number())
      out_ += big->text;
    else if (const auto* blob = document.as_blob())
      append_json_string(out_, base64_encode(blob->bytes));
    else if (const auto* array = document.as_array())
      write_array(*array, level);
    else if (const auto* object = document.as_object())
      write_object(*object, level);
    else
      out_ += "null";
  }
  std::string take() { return std::move(out_); }

 private:
  template <typename Number>
  void append_number(Number number) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out_.append(text.data(), end);
  }
  void append(std::int64_t number) { append_number(number); }
  void append(double number) {
    if (std::isfinite(number))
      append_number(number);
    else
      out_ += "null";
  }
  void append(TimePoint time) {
    std::int64_t millis = to_epoch_milliseconds(time);
    if (millis < 0) out_ += '-';
    millis = std::abs(millis);
    append_number(millis / 1000);
    const auto rest = static_cast<int>(millis % 1000);
    out_ += '.';
    for (const int digit : {rest / 100, rest / 10 % 10, rest % 10}) {
      out_ += static_cast<char>('0' + digit);
    }
  }

  void write_array(const Document::Array& array, std::size_t level) {
    out_ += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out_ += ',';
      new_line(level + 1);
      write(array[i], level + 1);
    }
    if (!array.empty()) new_line(level);
    out_ += ']';
  }

  void write_object(const Document::Object& object, std::size_t level) {
    out_ += '{';
    for (std::size_t i = 0; i < object.size(); ++i) {
      if (i > 0) out_ += ',';
      new_line(level + 1);
      append_json_string(out_, object[i].name);
      out_ += pretty_ ? ": " : ":";
      write(object[i].value, level + 1);
    }
    if (!object.empty()) new_line(level);
    out_ += '}';
  }

  void new_line(std::size_t level) {
    if (pretty_) out_.append(1, '\n').append(level * 2, ' ');
  }

  bool pretty_;
  std::string out_;
};

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escape.data();
    }
  }
}

// How much of the text is ASCII that JSON takes as it is; eight bytes at a time.
std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text.size() - i >= sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, sizeof word);
      // A byte below n has its high bit set in word - n * kOnes; a borrow may only set more.
      const std::uint64_t odd = word | (word - ' ' * kOnes) | ((word ^ ('"' * kOnes)) - kOnes) |
                                ((word ^ ('\\' * kOnes)) - kOnes);
      if ((odd & kHighBits) == 0) {
        i += sizeof word;
        continue;
      }
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < ' ' || c >= 0x80 || c == '"' || c == '\\') break;
    ++i;
  }
  return i;
}

std::string written(const Document& document, bool pretty) {
  JsonWriter writer(pretty);
  writer.write(document, 0);
  return writer.take();
}

}  // namespace

Result<Document> parse_json(std::string_view text, JsonLimits limits) {
  Document document;
  const Simd failure = read_document(text, limits, document);
  if (failure != Simd::SUCCESS) {
    return invalid_argument(std::string("not JSON: ") + simdjson::error_message(failure));
  }
  return document;
}

std::string to_json(const Document& document) { return written(document, false); }
std::string to_pretty_json(const Document& document) { return written(document, true) + "\n"; }

void append_json_string(std::string& out, std::string_view text) {
  if (plain_prefix(text) == text.size()) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  if (!is_valid_utf8(text)) {
    append_json_string(out, to_valid_utf8(text));
    return;
  }
  out += '"';
  std::size_t plain = 0;  // where the text that needs no escape begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    append_escape(out, c);
  }
  out.append(text, plain);
  out += '"';
}

}  // namespace clary
