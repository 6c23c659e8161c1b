#include "serving/tensor_codec.h"

#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "serving/nested_shape.h"
#include "serving/python_json.h"
#include "serving/python_text.h"

namespace clary::serving {
namespace {

namespace dom = simdjson::dom;

// Beyond it a whole number and the double beside it may become different float32.
constexpr std::int64_t kLastExactWhole = std::int64_t{1} << 53;
constexpr std::string_view kRawType = "application/x-tensor";

// Nested lists of plain numbers, at the speed of simdjson. What it returns false for may still be
// what Python takes.
class PlainLists {
 public:
  bool read(const dom::element& root) {
    dom::array rows;
    return !root.get_array().get(rows) && list(rows, 0);
  }
  std::optional<Tensor> tensor() {
    Result<Shape> shape = shape_.shape();
    if (!shape.ok()) return std::nullopt;
    return Tensor::of(std::move(numbers_), std::move(*shape));
  }

 private:
  bool list(const dom::array& items, std::size_t depth) {
    if (depth > NestedShape::kMostAxes) return false;
    std::size_t length = 0;
    for (const dom::element item : items) {
      if (!item_of(item, depth + 1)) return false;
      ++length;
    }
    shape_.add_list(depth, length);
    return true;
  }

  bool item_of(const dom::element& item, std::size_t depth) {
    switch (item.type()) {
      case dom::element_type::ARRAY:
        return list(item.get_array().value_unsafe(), depth);
      case dom::element_type::INT64: {
        const std::int64_t whole = item.get_int64().value_unsafe();
        if (whole > kLastExactWhole || whole < -kLastExactWhole) return false;
        shape_.add_element(depth);
        numbers_.push_back(static_cast<float>(whole));
        return true;
      }
      case dom::element_type::DOUBLE:
        shape_.add_element(depth);
        numbers_.push_back(static_cast<float>(item.get_double().value_unsafe()));
        return true;
      default:
        return false;
    }
  }

  NestedShape shape_;
  std::vector<float> numbers_;
};

}  // namespace

struct TensorReader::Buffers {
  dom::parser parser;  // its instructions are chosen as it runs
  std::vector<char> padded;

  Result<Tensor> json(std::string_view body) {
    if (padded.size() < body.size() + simdjson::SIMDJSON_PADDING)
      padded.resize(body.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(padded.data(), body.data(), body.size());
    dom::element root;
    PlainLists lists;
    const auto* const text = reinterpret_cast<const std::uint8_t*>(padded.data());
    if (!parser.parse(text, body.size(), false).get(root) && lists.read(root)) {
      if (std::optional<Tensor> tensor = lists.tensor()) return std::move(*tensor);
    }
    CLARY_RETURN_IF_ERROR(check_utf8(body));
    return read_python_json(body);
  }
};

TensorReader::TensorReader() : buffers_(std::make_unique<Buffers>()) {}
TensorReader::TensorReader(TensorReader&&) noexcept = default;
TensorReader& TensorReader::operator=(TensorReader&&) noexcept = default;
TensorReader::~TensorReader() = default;

Result<Tensor> TensorReader::read(std::string_view body,
                                  const std::optional<std::string>& content_type) {
  if (!content_type) return invalid_argument(unsupported_type("None"));
  if (*content_type == "application/json") return buffers_->json(body);
  if (*content_type == "text/csv") return read_csv_tensor(body);
  if (*content_type == "application/x-npy") return read_npy_tensor(body);
  // A sparse matrix is what such a body holds, and what torch refuses.
  if (*content_type == "application/x-npz")
    return invalid_argument("expected np.ndarray (got csr_matrix)");
  if (content_type->starts_with(kRawType)) return read_raw_tensor(body, *content_type);
  return invalid_argument(unsupported_type(*content_type));
}

Result<Tensor> read_json_tensor(std::string_view body) {
  return TensorReader().read(body, "application/json");
}

Result<Tensor> read_raw_tensor(std::string_view body, std::string_view content_type) {
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  const std::vector<std::string_view> parts = split(content_type, ';');
  if (trim(parts[0]) != kRawType) return invalid_argument(unsupported_type(content_type));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = trim(parts[i]);
    if (part.starts_with("dtype=")) {
      dtype = dtype_of_code(part.substr(6));
    } else if (part.starts_with("shape=")) {
      shape.emplace();
      const std::string_view sizes = part.substr(6);
      if (sizes.empty()) continue;
      for (const std::string_view size : split(sizes, ','))
        shape->push_back(parse_int(size).value_or(-1));
    } else {
      return invalid_argument(std::string(kRawType) + ": '" + std::string(part) +
                              "' is neither dtype=... nor shape=...");
    }
  }
  if (!dtype || !shape || shape->size() > NestedShape::kMostAxes)
    return invalid_argument(
        std::string(kRawType) +
        ": wanted is a type such as application/x-tensor;dtype=f4;shape=1,3,32,32");
  const std::optional<std::uint64_t> count = elements_of(*shape);
  if (!count || *count > body.size() || *count * bytes_of(*dtype) != body.size())
    return invalid_argument(std::string(kRawType) + ": shape " + shape_text(*shape) + " of " +
                            std::string(dtype_name(*dtype)) + " does not take the " +
                            std::to_string(body.size()) + " bytes of the body");
  if (is_vast_void(*shape))
    return invalid_argument(std::string(kRawType) + ": shape " + shape_text(*shape) +
                            " has too many rows without an element");
  Tensor tensor = Tensor::make(*dtype, std::move(*shape));
  if (!body.empty()) std::memcpy(tensor.bytes(), body.data(), body.size());
  return tensor;
}

std::string unsupported_type(std::string_view type) {
  return "Content type " + std::string(type) +
         " is not supported by this framework.\n\n"
         "            Please implement input_fn to to deserialize the request data or an output_fn "
         "to\n"
         "            serialize the response. For more information, see the SageMaker Python SDK "
         "README.";
}

}  // namespace clary::serving
