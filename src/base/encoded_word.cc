#include "base/encoded_word.h"

#include <optional>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary {
namespace {

bool is_printable_ascii(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E) return false;
  }
  return true;
}

// The "Q" encoding: like quoted-printable, with '_' for a blank.
std::optional<std::string> decode_q(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] == '=') {
      const Result<std::string> byte = hex_decode(text.substr(i + 1, 2));
      if (!byte.ok() || byte->size() != 1) return std::nullopt;
      out += *byte;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Word {
  std::string text;
  std::size_t length = 0;  // of the encoded form
};

// The encoded word that `field` begins with.
std::optional<Word> read_word(std::string_view field) {
  if (!field.starts_with("=?")) return std::nullopt;
  const std::size_t charset_end = field.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= field.size()) return std::nullopt;
  const std::string_view charset = field.substr(2, charset_end - 2);
  if (!equals_ignoring_case(charset, "utf-8") && !equals_ignoring_case(charset, "us-ascii"))
    return std::nullopt;
  const char encoding = field[charset_end + 1];
  if (field[charset_end + 2] != '?') return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = field.find("?=", begin);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view raw = field.substr(begin, end - begin);
  std::optional<std::string> text;
  if (encoding == 'B' || encoding == 'b') {
    Result<std::string> decoded = base64_decode(raw);
    if (decoded.ok()) text = std::move(*decoded);
  } else if (encoding == 'Q' || encoding == 'q') {
    text = decode_q(raw);
  }
  if (!text || !is_valid_utf8(*text)) return std::nullopt;
  return Word{std::move(*text), end + 2};
}

}  // namespace

std::string to_encoded_words(std::string_view text) {
  // What looks like an encoded word is encoded too, or it would be read as one.
  if (is_printable_ascii(text) && text.find("=?") == std::string_view::npos)
    return std::string(text);
  return "=?UTF-8?B?" + base64_encode(text) + "?=";
}

std::string from_encoded_words(std::string_view field) {
  std::string out;
  std::string blanks;  // behind an encoded word
  bool behind_word = false;
  for (std::size_t i = 0; i < field.size();) {
    if (std::optional<Word> word = read_word(field.substr(i))) {
      blanks.clear();
      out += word->text;
      i += word->length;
      behind_word = true;
    } else if (behind_word && (field[i] == ' ' || field[i] == '\t')) {
      blanks += field[i++];
    } else {
      out.append(blanks) += field[i++];
      blanks.clear();
      behind_word = false;
    }
  }
  return out + blanks;
}

}  // namespace clary
