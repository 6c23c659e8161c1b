#include "wire/cbor.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {
namespace {

enum Major : std::uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kBytes = 2,
  kText = 3,
  kArray = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7
};

constexpr std::uint8_t kIndefinite = 31;
constexpr std::uint8_t kBreak = 0xff;
constexpr std::uint64_t kEpochTag = 1;
// Seconds since the epoch that still have a four-digit year.
constexpr double kLatestSeconds = 253'402'300'799.0;

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const double mantissa = bits & 0x3ff;
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  } else {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

struct Head {
  Major major = kUnsigned;
  std::uint8_t detail = 0;
  std::uint64_t argument = 0;

  bool indefinite() const { return detail == kIndefinite; }
};

class Parser {
 public:
  Parser(std::string_view bytes, CborLimits limits) : bytes_(bytes), limits_(limits) {}

  Result<Document> whole() {
    CLARY_TRY(Document document, item(0));
    if (at_ != bytes_.size()) return wrong("something stands after the end");
    return document;
  }

 private:
  Error wrong(const std::string& what) const {
    return invalid_argument("CBOR at byte " + std::to_string(at_) + ": " + what);
  }

  Result<std::uint64_t> number(std::size_t size) {
    if (bytes_.size() - at_ < size) return wrong("it ends too early");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return value;
  }

  Result<Head> head() {
    CLARY_TRY(const std::uint64_t first, number(1));
    Head out{.major = static_cast<Major>(first >> 5),
             .detail = static_cast<std::uint8_t>(first & 31)};
    if (out.detail < 24) {
      out.argument = out.detail;
    } else if (out.detail < 28) {
      CLARY_TRY(out.argument, number(std::size_t{1} << (out.detail - 24)));
    } else if (!out.indefinite() || out.major < kBytes || out.major == kTag) {
      return wrong("a length of no known form");
    }
    return out;
  }

  bool take_break() {
    if (at_ == bytes_.size() || static_cast<unsigned char>(bytes_[at_]) != kBreak) return false;
    ++at_;
    return true;
  }

  Result<Document> item(std::size_t depth) {
    if (depth > limits_.depth) return wrong("nested too deeply");
    CLARY_TRY(const Head read, head());
    switch (read.major) {
      case kUnsigned:
      case kNegative:
        return integer(read);
      case kBytes: {
        CLARY_TRY(std::string bytes, text(read));
        return Document(Document::Blob{std::move(bytes)});
      }
      case kText: {
        CLARY_TRY(std::string words, text(read));
        if (!is_valid_utf8(words)) return wrong("text that is not UTF-8");
        return Document(std::move(words));
      }
      case kArray:
        return array(read, depth);
      case kMap:
        return map(read, depth);
      case kTag:
        return tagged(read, depth);
      case kSimple:
        break;
    }
    return simple(read);
  }

  Result<Document> integer(const Head& read) const {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (read.argument > kMost) return wrong("an integer beyond 64 bits");
    const auto value = static_cast<std::int64_t>(read.argument);
    return Document(read.major == kUnsigned ? value : -1 - value);
  }

  Result<std::string> text(const Head& read) {
    if (!read.indefinite()) return chunk(read.argument);
    std::string all;
    while (!take_break()) {
      CLARY_TRY(const Head part, head());
      if (part.major != read.major || part.indefinite()) return wrong("a piece of another kind");
      CLARY_TRY(const std::string piece, chunk(part.argument));
      all += piece;
    }
    return all;
  }

  Result<std::string> chunk(std::uint64_t length) {
    if (length > bytes_.size() - at_) return wrong("it ends too early");
    std::string out(bytes_.substr(at_, length));
    at_ += length;
    return out;
  }

  Result<Document> array(const Head& read, std::size_t depth) {
    Document::Array out;
    for (std::uint64_t done = 0; read.indefinite() || done < read.argument; ++done) {
      if (read.indefinite() && take_break()) break;
      CLARY_TRY(Document element, item(depth + 1));
      out.push_back(std::move(element));
    }
    return Document(std::move(out));
  }

  Result<Document> map(const Head& read, std::size_t depth) {
    Document::Object out;
    for (std::uint64_t done = 0; read.indefinite() || done < read.argument; ++done) {
      if (read.indefinite() && take_break()) break;
      CLARY_TRY(const Head key, head());
      if (key.major != kText) return wrong("a key that is not text");
      CLARY_TRY(std::string name, text(key));
      if (!is_valid_utf8(name)) return wrong("text that is not UTF-8");
      CLARY_TRY(Document value, item(depth + 1));
      out.push_back({std::move(name), std::move(value)});
    }
    return Document(std::move(out));
  }

  Result<Document> tagged(const Head& read, std::size_t depth) {
    if (read.argument != kEpochTag)
      return wrong("a tag (" + std::to_string(read.argument) + ") other than that of instants");
    CLARY_TRY(const Document inner, item(depth + 1));
    const std::int64_t* whole = inner.as_int();
    const double* fraction = inner.as_double();
    if (whole == nullptr && fraction == nullptr) return wrong("an instant that is no number");
    const double seconds = whole != nullptr ? static_cast<double>(*whole) : *fraction;
    if (!(std::abs(seconds) <= kLatestSeconds)) return wrong("an instant out of range");
    return Document(from_epoch_seconds(seconds));
  }

  Result<Document> simple(const Head& read) const {
    switch (read.detail) {
      case 20:
        return Document(false);
      case 21:
        return Document(true);
      case 22:
      case 23:
        return Document();
      case 25:
        return Document(from_half(static_cast<std::uint16_t>(read.argument)));
      case 26:
        return Document(
            static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(read.argument))));
      case 27:
        return Document(std::bit_cast<double>(read.argument));
      default:
        return wrong("a simple value of no known meaning");
    }
  }

  std::string_view bytes_;
  CborLimits limits_;
  std::size_t at_ = 0;
};

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

void append_head(std::string& out, Major major, std::uint64_t argument) {
  const auto first = static_cast<unsigned>(major) << 5;
  if (argument < 24) {
    out += static_cast<char>(first | argument);
    return;
  }
  const unsigned size = argument <= 0xff         ? 0
                        : argument <= 0xffff     ? 1
                        : argument <= 0xffffffff ? 2
                                                 : 3;
  out += static_cast<char>(first | (24 + size));
  append_number(out, argument, 1 << size);
}

void append_double(std::string& out, double value) {
  out += static_cast<char>(0xfb);
  append_number(out, std::bit_cast<std::uint64_t>(value), 8);
}

void append_text(std::string& out, std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  append_head(out, kText, valid.size());
  out += valid;
}

void append_item(std::string& out, const Document& document) {
  if (const std::int64_t* number = document.as_int()) {
    if (*number >= 0) {
      append_head(out, kUnsigned, static_cast<std::uint64_t>(*number));
    } else {
      append_head(out, kNegative, static_cast<std::uint64_t>(-1 - *number));
    }
  } else if (const double* fraction = document.as_double()) {
    append_double(out, *fraction);
  } else if (const std::string* text = document.as_string()) {
    append_text(out, *text);
  } else if (const TimePoint* time = document.as_time()) {
    append_head(out, kTag, kEpochTag);
    append_double(out, to_epoch_seconds(*time));
  } else if (const Document::Blob* blob = document.as_blob()) {
    append_head(out, kBytes, blob->bytes.size());
    out += blob->bytes;
  } else if (const Document::Array* array = document.as_array()) {
    append_head(out, kArray, array->size());
    for (const Document& element : *array) append_item(out, element);
  } else if (const Document::Object* object = document.as_object()) {
    append_head(out, kMap, object->size());
    for (const auto& [name, value] : *object) {
      append_text(out, name);
      append_item(out, value);
    }
  } else if (const bool* truth = document.as_bool()) {
    out += static_cast<char>(*truth ? 0xf5 : 0xf4);
  } else if (const Document::BigNumber* big = document.as_big_number()) {
    append_double(out, parse_double(big->text).value_or(0));
  } else {
    out += static_cast<char>(0xf6);
  }
}

}  // namespace

Result<Document> parse_cbor(std::string_view bytes, CborLimits limits) {
  return Parser(bytes, limits).whole();
}

std::string to_cbor(const Document& document) {
  std::string out;
  append_item(out, document);
  return out;
}

}  // namespace clary::wire
