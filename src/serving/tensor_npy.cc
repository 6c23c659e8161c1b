// NPY bodies (numpy.lib.format, versions 1 to 3), read and written. Nothing is allocated before the
// size that the header tells is known to be in the body.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "serving/python_json.h"
#include "serving/tensor_codec.h"

namespace clary::serving {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kHeaderLimit = 10'000;
constexpr std::size_t kMostNpyAxes = 32;
constexpr std::string_view kTypeName = "application/x-npy: ";
constexpr std::string_view kNoPickles = "; this engine reads no pickles";

Error npy_fault(const std::string& what) { return invalid_argument(std::string(kTypeName) + what); }

struct NpyLayout {
  std::string descr;
  bool fortran = false;
  Shape shape;
};

// The header's dictionary: a Python literal of three known members.
class NpyHeader {
 public:
  explicit NpyHeader(std::string_view text) : text_(text) {}

  bool read(NpyLayout& into) {
    bool has_descr = false, has_order = false, has_shape = false;
    if (!take('{')) return false;
    while (!take('}')) {
      std::string name;
      if (!string(name) || !take(':')) return false;
      if (name == "descr" && !has_descr) {
        has_descr = descr(into.descr);
        if (!has_descr) return false;
      } else if (name == "fortran_order" && !has_order) {
        into.fortran = take_word("True");
        has_order = into.fortran || take_word("False");
        if (!has_order) return false;
      } else if (name == "shape" && !has_shape) {
        has_shape = shape(into.shape);
        if (!has_shape) return false;
      } else {
        return false;
      }
      if (!take(',')) {
        if (!take('}')) return false;
        break;
      }
    }
    skip();
    return has_descr && has_order && has_shape && at_ == text_.size();
  }

 private:
  void skip() {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool take(char letter) {
    skip();
    if (at_ >= text_.size() || text_[at_] != letter) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool string(std::string& into) {
    skip();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return false;
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return false;
    into = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return into.find('\\') == std::string::npos;
  }
  // A list names the fields of a structured array, which torch takes none of.
  bool descr(std::string& into) {
    skip();
    if (at_ >= text_.size() || text_[at_] != '[') return string(into);
    std::size_t open = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '[' || text_[at_] == '(') ++open;
      if ((text_[at_] == ']' || text_[at_] == ')') && --open == 0) break;
    }
    into = "V";
    return take(']');
  }
  bool shape(Shape& into) {
    if (!take('(')) return false;
    while (!take(')')) {
      skip();
      std::int64_t size = 0;
      const char* const end = text_.data() + text_.size();
      const auto read = std::from_chars(text_.data() + at_, end, size);
      if (read.ec != std::errc()) return false;
      const std::string_view digits(text_.data() + at_, read.ptr);
      if (digits.size() > 1 && digits[0] == '0') return false;
      at_ += digits.size();
      into.push_back(size);
      if (take(',')) continue;
      // "(3)" is a number in Python.
      if (into.size() == 1) return false;
      if (!take(')')) return false;
      break;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Refuses what torch.from_numpy() refuses, in its words.
Result<DType> torch_dtype(std::string_view descr) {
  std::string_view code = descr;
  char order = '=';
  if (!code.empty() && std::string_view("<>=|").find(code[0]) != std::string_view::npos) {
    order = code[0];
    code.remove_prefix(1);
  }
  if (code == "?") code = "b1";
  if (code == "O") return npy_fault("the array holds Python objects" + std::string(kNoPickles));
  const std::optional<DType> dtype = dtype_of_code(code);
  if (dtype) {
    if (order != '>' || bytes_of(*dtype) == 1) return *dtype;
    return invalid_argument(
        "given numpy array has byte order different from the native byte order. Conversion between "
        "byte orders is currently not supported.");
  }
  const std::string_view digits = code.empty() ? code : code.substr(1);
  const bool is_sized = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (code.empty()) return npy_fault("the header cannot be read: no descr");
  if (code == "f16" || code == "c32")
    return invalid_argument(not_convertible(code == "f16" ? "longdouble" : "clongdouble"));
  if (code[0] == 'U' && is_sized) return invalid_argument(not_convertible("str_"));
  if (code[0] == 'S' && is_sized) return invalid_argument(not_convertible("bytes_"));
  if (code[0] == 'V' && is_sized) return invalid_argument(not_convertible("void"));
  if (code.starts_with("M8")) return invalid_argument(not_convertible("datetime64"));
  if (code.starts_with("m8")) return invalid_argument(not_convertible("timedelta64"));
  return npy_fault("the header cannot be read: descr '" + std::string(descr) + "'");
}

// from: the elements with the first axis running fastest.
void copy_from_fortran(const char* from, Tensor& into) {
  const std::size_t bytes = bytes_of(into.dtype);
  const std::size_t axes = into.shape.size();
  std::vector<std::size_t> strides(axes);
  std::size_t stride = bytes;
  for (std::size_t i = 0; i < axes; ++i) {
    strides[i] = stride;
    stride *= static_cast<std::size_t>(into.shape[i]);
  }
  std::vector<std::int64_t> index(axes, 0);
  std::byte* to = into.bytes();
  const std::size_t count = stride / bytes;
  std::size_t offset = 0;
  for (std::size_t done = 0; done < count; ++done) {
    std::memcpy(to, from + offset, bytes);
    to += bytes;
    for (std::size_t axis = axes; axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < into.shape[axis]) break;
      offset -= strides[axis] * static_cast<std::size_t>(into.shape[axis]);
      index[axis] = 0;
    }
  }
}

}  // namespace

Result<Tensor> read_npy_tensor(std::string_view body) {
  if (!body.starts_with(kMagic)) {
    if (body.starts_with("PK")) return invalid_argument("expected np.ndarray (got NpzFile)");
    return npy_fault("the body is not an NPY array" + std::string(kNoPickles));
  }
  const std::size_t start = body.size() > 6 && body[6] == 1 ? 10 : 12;
  std::size_t length = 0;
  for (std::size_t i = std::min(start, body.size()); i-- > 8;)
    length = length << 8 | static_cast<unsigned char>(body[i]);
  if (body.size() < start || body.size() - start < length)
    return npy_fault("the body ends within the header");
  if (length > kHeaderLimit)
    return npy_fault("a header of " + std::to_string(length) + " bytes; " +
                     std::to_string(kHeaderLimit) + " at most");
  NpyLayout layout;
  if (!NpyHeader(body.substr(start, length)).read(layout))
    return npy_fault("the header cannot be read");
  const std::optional<std::uint64_t> count = elements_of(layout.shape);
  const bool is_negative = std::ranges::any_of(layout.shape, [](std::int64_t n) { return n < 0; });
  if (is_negative || layout.shape.size() > kMostNpyAxes)
    return npy_fault("the header has shape " + shape_text(layout.shape) + ", fortran_order " +
                     (layout.fortran ? "True" : "False"));
  CLARY_TRY(const DType dtype, torch_dtype(layout.descr));
  const std::string_view data = body.substr(start + length);
  std::uint64_t bytes = 0;
  if (!count || __builtin_mul_overflow(*count, bytes_of(dtype), &bytes) || bytes > data.size())
    return npy_fault("shape " + shape_text(layout.shape) + " of " + std::string(dtype_name(dtype)) +
                     " takes " + (count && bytes > 0 ? std::to_string(bytes) : "too many") +
                     " bytes, the body has " + std::to_string(data.size()));
  if (is_vast_void(layout.shape))
    return npy_fault("shape " + shape_text(layout.shape) + " has too many rows without an element");
  Tensor tensor = Tensor::make(dtype, std::move(layout.shape));
  if (bytes == 0) return tensor;
  if (layout.fortran && tensor.shape.size() > 1) {
    copy_from_fortran(data.data(), tensor);
  } else {
    std::memcpy(tensor.bytes(), data.data(), bytes);
  }
  return tensor;
}

}  // namespace clary::serving
