#include "serving/python_json.h"

#include <charconv>
#include <cstdint>
#include <vector>

#include "serving/nested_shape.h"
#include "serving/python_text.h"

namespace clary::serving {
namespace {

// Below Python's limit of recursion; a tensor has no more than 64 axes.
constexpr std::size_t kMostNested = 900;
constexpr std::size_t kMostIntegerDigits = 4300;

bool is_space(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}
bool is_decimal_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_hex_digit(char letter) {
  return is_decimal_digit(letter) || (letter >= 'a' && letter <= 'f') ||
         (letter >= 'A' && letter <= 'F');
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<Tensor> read() {
    if (text_.starts_with("\xef\xbb\xbf"))
      return fault("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
    skip_spaces();
    CLARY_RETURN_IF_ERROR(value(0, true));
    skip_spaces();
    if (at_ < text_.size()) return fault("Extra data", at_);
    return tensor();
  }

 private:
  Error fault(std::string what, std::size_t at) const {
    return invalid_argument(what + position_text(text_, at));
  }
  bool is_at(char letter) const { return at_ < text_.size() && text_[at_] == letter; }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // counts: whether it is part of the array, and not a member of an object.
  Status value(std::size_t depth, bool counts) {
    if (is_at('[')) return list(depth, counts);
    if (is_at('{')) {
      if (counts) {
        has_objects_ = true;
        shape_.add_element(depth);
      }
      return object(depth);
    }
    if (counts) shape_.add_element(depth);
    if (is_at('"')) {
      has_text_ = has_text_ || counts;
      return string();
    }
    if (take("null")) {
      has_objects_ = has_objects_ || counts;
      return {};
    }
    if (take("true")) return boolean(true, counts);
    if (take("false")) return boolean(false, counts);
    if (take("NaN")) return decimal(__builtin_nan(""), counts);
    if (take("Infinity")) return decimal(__builtin_inf(), counts);
    if (take("-Infinity")) return decimal(-__builtin_inf(), counts);
    return number(counts);
  }

  Status list(std::size_t depth, bool counts) {
    if (depth >= kMostNested) return too_deep("array");
    ++at_;
    std::size_t length = 0;
    skip_spaces();
    if (!is_at(']')) {
      for (;;) {
        CLARY_RETURN_IF_ERROR(value(depth + 1, counts));
        ++length;
        skip_spaces();
        if (is_at(']')) break;
        if (!is_at(',')) return fault("Expecting ',' delimiter", at_);
        ++at_;
        skip_spaces();
      }
    }
    ++at_;
    if (counts) shape_.add_list(depth, length);
    return {};
  }

  Status object(std::size_t depth) {
    if (depth >= kMostNested) return too_deep("object");
    ++at_;
    skip_spaces();
    if (is_at('}')) {
      ++at_;
      return {};
    }
    for (;;) {
      if (!is_at('"')) return fault("Expecting property name enclosed in double quotes", at_);
      CLARY_RETURN_IF_ERROR(string());
      skip_spaces();
      if (!is_at(':')) return fault("Expecting ':' delimiter", at_);
      ++at_;
      skip_spaces();
      CLARY_RETURN_IF_ERROR(value(depth + 1, false));
      skip_spaces();
      if (is_at('}')) break;
      if (!is_at(',')) return fault("Expecting ',' delimiter", at_);
      ++at_;
      skip_spaces();
    }
    ++at_;
    return {};
  }

  Status string() {
    const std::size_t began = at_++;
    for (;; ++at_) {
      if (at_ >= text_.size()) return fault("Unterminated string starting at", began);
      const char letter = text_[at_];
      if (letter == '"') break;
      if (static_cast<unsigned char>(letter) < 0x20)
        return fault("Invalid control character at", at_);
      if (letter != '\\') continue;
      const std::size_t backslash = at_++;
      if (at_ >= text_.size()) return fault("Unterminated string starting at", began);
      if (text_[at_] == 'u') {
        for (std::size_t i = 1; i <= 4; ++i) {
          if (at_ + i >= text_.size() || !is_hex_digit(text_[at_ + i]))
            return fault("Invalid \\uXXXX escape", backslash + 1);
        }
        at_ += 4;
      } else if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return fault("Invalid \\escape", backslash);
      }
    }
    ++at_;
    return {};
  }

  Status number(bool counts) {
    const std::size_t began = at_;
    std::size_t end = at_;
    const auto digit_at = [this](std::size_t at) {
      return at < text_.size() && is_decimal_digit(text_[at]);
    };
    if (end < text_.size() && text_[end] == '-') ++end;
    if (!digit_at(end)) return fault("Expecting value", began);
    const std::size_t first = end;
    ++end;
    if (text_[first] != '0') {
      while (digit_at(end)) ++end;
    }
    const std::size_t digits = end - first;
    bool is_whole = true;
    if (end < text_.size() && text_[end] == '.' && digit_at(end + 1)) {
      is_whole = false;
      while (digit_at(end + 1)) ++end;
      ++end;
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t power = end + 1;
      if (power < text_.size() && (text_[power] == '+' || text_[power] == '-')) ++power;
      if (digit_at(power)) {
        is_whole = false;
        end = power;
        while (digit_at(end)) ++end;
      }
    }
    at_ = end;
    const std::string_view text = text_.substr(began, end - began);
    if (!is_whole) return decimal(read_decimal(text), counts);
    if (digits > kMostIntegerDigits)
      return invalid_argument(
          "Exceeds the limit (4300 digits) for integer string conversion: value has " +
          std::to_string(digits) +
          " digits; use sys.set_int_max_str_digits() to increase the limit");
    if (counts) integer(text);
    return {};
  }

  void add(float from_double, float from_integer) {
    from_doubles_.push_back(from_double);
    from_integers_.push_back(from_integer);
  }

  Status decimal(double number, bool counts) {
    if (!counts) return {};
    has_decimals_ = true;
    add(static_cast<float>(number), 0);
    return {};
  }

  Status boolean(bool truth, bool counts) {
    const float number = truth ? 1 : 0;
    if (counts) add(number, number);
    return {};
  }

  void integer(std::string_view text) {
    std::int64_t narrow = 0;
    std::uint64_t wide = 0;
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, narrow).ec == std::errc()) {
      has_int64_ = true;
      add(static_cast<float>(static_cast<double>(narrow)), static_cast<float>(narrow));
    } else if (text[0] != '-' && std::from_chars(text.data(), end, wide).ec == std::errc()) {
      has_uint64_ = true;
      add(static_cast<float>(static_cast<double>(wide)), static_cast<float>(wide));
    } else {
      has_huge_ = true;  // a Python object for numpy
      add(0, 0);
    }
  }

  Error too_deep(std::string_view what) const {
    return invalid_argument("maximum recursion depth exceeded while decoding a JSON " +
                            std::string(what) + " from a unicode string");
  }

  Result<Tensor> tensor() {
    CLARY_TRY(Shape shape, shape_.shape());
    if (has_objects_) return invalid_argument(not_convertible("object_"));
    if (has_text_) return invalid_argument(not_convertible("str_"));
    if (has_huge_) return invalid_argument(not_convertible("object_"));
    // Whole numbers stay whole in numpy while one of its types holds them all.
    const bool are_whole = !has_decimals_ && !(has_int64_ && has_uint64_);
    return Tensor::of(std::move(are_whole ? from_integers_ : from_doubles_), std::move(shape));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  NestedShape shape_;
  std::vector<float> from_doubles_;   // each by way of a double
  std::vector<float> from_integers_;  // each straight from its integer
  bool has_objects_ = false;
  bool has_text_ = false;
  bool has_decimals_ = false;
  bool has_int64_ = false;
  bool has_uint64_ = false;
  bool has_huge_ = false;
};

}  // namespace

std::string not_convertible(std::string_view numpy_type) {
  return "can't convert np.ndarray of type numpy." + std::string(numpy_type) +
         ". The only supported types are: float64, float32, float16, complex64, complex128, int64, "
         "int32, int16, int8, uint64, uint32, uint16, uint8, and bool.";
}

Result<Tensor> read_python_json(std::string_view text) { return Scanner(text).read(); }

}  // namespace clary::serving
