// Tensors as answers: json.dumps(), numpy.savetxt(fmt="%s") and numpy.save() of tensor.tolist().
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/strings.h"
#include "serving/python_text.h"
#include "serving/tensor_codec.h"
#include "serving/tensor_values.h"

namespace clary::serving {
namespace {

// numpy leaves room for a first axis of so many digits, and ends a header at a multiple of 64.
constexpr std::size_t kAxisDigits = 21;
constexpr std::size_t kHeaderEnd = 64;

enum class Wording { kJson, kCsv };

void append_decimal(std::string& text, double value, Wording wording) {
  if (wording == Wording::kJson && std::isnan(value)) {
    text += "NaN";
  } else if (wording == Wording::kJson && std::isinf(value)) {
    text += value < 0 ? "-Infinity" : "Infinity";
  } else {
    append_float(text, value);
  }
}

void append_element(std::string& text, const TensorView& tensor, std::size_t index,
                    Wording wording) {
  switch (number_kind(tensor.dtype)) {
    case NumberKind::kDecimal:
      append_decimal(text, decimal_at(tensor, index), wording);
      break;
    case NumberKind::kBool: {
      const bool truth = integer_at(tensor, index) != 0;
      text += wording == Wording::kJson ? (truth ? "true" : "false") : (truth ? "True" : "False");
      break;
    }
    case NumberKind::kUnsigned:
      append_integer(text, element_at<std::uint64_t>(tensor.data, index));
      break;
    default:
      append_integer(text, integer_at(tensor, index));
  }
}

// Appends the part of the axes from `axis` on; `index` is that of its first element.
void append_lists(std::string& text, const TensorView& tensor, std::size_t axis,
                  std::size_t& index) {
  if (axis == tensor.shape.size()) {
    append_element(text, tensor, index++, Wording::kJson);
    return;
  }
  text += '[';
  for (std::int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i > 0) text += ", ";
    append_lists(text, tensor, axis + 1, index);
  }
  text += ']';
}

// The axes that nested lists show: those behind an empty one are lost.
Shape shape_of_lists(const TensorView& tensor) {
  Shape shape;
  for (const std::int64_t size : tensor.shape) {
    shape.push_back(size);
    if (size == 0) break;
  }
  return shape;
}

std::string npy_header(std::string_view code, const Shape& shape) {
  std::string text = "{'descr': '" + std::string(code) +
                     "', 'fortran_order': False, 'shape': " + shape_text(shape) + ", }";
  if (!shape.empty()) {
    const std::size_t digits = std::to_string(shape[0]).size();
    text.append(kAxisDigits - std::min(digits, kAxisDigits), ' ');
  }
  const std::size_t before = 10 + text.size() + 1;
  text.append((kHeaderEnd - before % kHeaderEnd) % kHeaderEnd, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

template <typename Number>
void append_bytes(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// What numpy.array() takes for Python's integers: int64 where it holds them all, else uint64 where
// none fits into int64, else float64.
std::string_view list_code(const TensorView& tensor, std::size_t count) {
  if (number_kind(tensor.dtype) != NumberKind::kUnsigned) return "<i8";
  bool any = false;
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) {
    const bool exceeds = element_at<std::uint64_t>(tensor.data, i) >> 63 != 0;
    any = any || exceeds;
    all = all && exceeds;
  }
  return !any ? "<i8" : all ? "<u8" : "<f8";
}

}  // namespace

Status append_json(std::string& text, const TensorView& tensor) {
  const bool is_empty = elements_of(tensor.shape).value_or(0) == 0;
  if (number_kind(tensor.dtype) == NumberKind::kComplex && !is_empty)
    return invalid_argument("Object of type complex is not JSON serializable");
  std::size_t index = 0;
  append_lists(text, tensor, 0, index);
  return {};
}

Result<std::string> to_csv(const TensorView& tensor) {
  const Shape shape = shape_of_lists(tensor);
  if (shape.empty() || shape.size() > 2)
    return invalid_argument("Expected 1D or 2D array, got " + std::to_string(shape.size()) +
                            "D array instead");
  const std::size_t count = static_cast<std::size_t>(elements_of(shape).value_or(0));
  if (number_kind(tensor.dtype) == NumberKind::kComplex && count > 0)
    return invalid_argument("text/csv: complex numbers have no such form here");
  const bool are_doubles =
      number_kind(tensor.dtype) == NumberKind::kUnsigned && list_code(tensor, count) == "<f8";
  std::string text;
  std::size_t index = 0;
  const std::int64_t columns = shape.size() == 2 ? shape[1] : 1;
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      if (column > 0) text += ',';
      if (are_doubles) {
        append_float(text, static_cast<double>(element_at<std::uint64_t>(tensor.data, index++)));
      } else {
        append_element(text, tensor, index++, Wording::kCsv);
      }
    }
    text += '\n';
  }
  return text;
}

std::string to_npy(const TensorView& tensor) {
  const std::size_t count = static_cast<std::size_t>(elements_of(tensor.shape).value_or(0));
  const Shape shape = shape_of_lists(tensor);
  const NumberKind kind = number_kind(tensor.dtype);
  if (count == 0 || kind == NumberKind::kDecimal) {
    std::string text = npy_header("<f8", shape);
    for (std::size_t i = 0; i < count; ++i) append_bytes(text, decimal_at(tensor, i));
    return text;
  }
  if (kind == NumberKind::kBool) {
    std::string text = npy_header("|b1", shape);
    for (std::size_t i = 0; i < count; ++i) text += integer_at(tensor, i) != 0 ? '\1' : '\0';
    return text;
  }
  if (kind == NumberKind::kComplex) {
    std::string text = npy_header("<c16", shape);
    const bool is_wide = tensor.dtype == DType::kComplex128;
    for (std::size_t i = 0; i < 2 * count; ++i)
      append_bytes(text, is_wide ? element_at<double>(tensor.data, i)
                                 : static_cast<double>(element_at<float>(tensor.data, i)));
    return text;
  }
  const std::string_view code = list_code(tensor, count);
  std::string text = npy_header(code, shape);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t number = kind == NumberKind::kUnsigned
                                     ? element_at<std::uint64_t>(tensor.data, i)
                                     : static_cast<std::uint64_t>(integer_at(tensor, i));
    if (code == "<f8") {
      append_bytes(text, static_cast<double>(number));
    } else {
      append_bytes(text, number);
    }
  }
  return text;
}

Result<std::string> encode_prediction(const Prediction& prediction, std::string_view accept) {
  const bool is_tensor = prediction.layout.size() == 1 && prediction.layout[0] == kTensorMark;
  for (std::string_view entry : split(accept, ',')) {
    entry = trim(entry);
    if (entry == "application/json") {
      std::string text;
      std::size_t next = 0;
      for (const char letter : prediction.layout) {
        if (letter != kTensorMark) {
          text += letter;
          continue;
        }
        if (next == prediction.tensors.size())
          return internal_error("the engine gave fewer tensors than its answer has");
        CLARY_RETURN_IF_ERROR(append_json(text, prediction.tensors[next++]));
      }
      return text;
    }
    if (entry != "text/csv" && entry != "application/x-npy") continue;
    if (!is_tensor || prediction.tensors.size() != 1)
      return invalid_argument(std::string(entry) +
                              ": the model gave more than one tensor; ask for application/json");
    if (entry == "text/csv") return to_csv(prediction.tensors[0]);
    return to_npy(prediction.tensors[0]);
  }
  return invalid_argument(unsupported_type(accept));
}

}  // namespace clary::serving
