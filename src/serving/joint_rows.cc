#include "serving/joint_rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "serving/tensor_values.h"

namespace clary::serving {
namespace {

constexpr double kMostOff = 1e-4;
constexpr double kMostOffOfHalf = 0.02;

const std::byte* first_byte_of(const Tensor& tensor) {
  return static_cast<const std::byte*>(tensor.data.get());
}

template <typename Number>
void take_from_one(Tensor& tensor) {
  for (std::size_t at = 0; at < tensor.byte_count(); at += sizeof(Number)) {
    Number number;
    std::memcpy(&number, tensor.bytes() + at, sizeof number);
    number = Number{1} - number;
    std::memcpy(tensor.bytes() + at, &number, sizeof number);
  }
}

std::size_t byte_count_of(const TensorView& tensor) {
  return static_cast<std::size_t>(elements_of(tensor.shape).value_or(0)) * bytes_of(tensor.dtype);
}

bool are_nearly_equal_decimals(const TensorView& one, const TensorView& other) {
  const std::size_t count = byte_count_of(one) / bytes_of(one.dtype);
  double largest = 0;
  double off = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double left = decimal_at(one, i);
    const double right = decimal_at(other, i);
    if (std::isnan(left) && std::isnan(right)) continue;
    if (std::isfinite(left) && std::isfinite(right)) {
      largest = std::max(largest, std::abs(left));
      off = std::max(off, std::abs(left - right));
    } else if (!std::isinf(left) || !std::isinf(right) ||
               std::signbit(left) != std::signbit(right)) {
      return false;
    }
  }
  return off <= (one.dtype == DType::kFloat16 ? kMostOffOfHalf : kMostOff) * largest;
}

bool are_nearly_same_tensors(const TensorView& one, const TensorView& other) {
  if (one.dtype != other.dtype || !std::ranges::equal(one.shape, other.shape)) return false;
  const std::size_t bytes = byte_count_of(one);
  if (bytes == 0 || std::memcmp(one.data, other.data, bytes) == 0) return true;
  return number_kind(one.dtype) == NumberKind::kDecimal && are_nearly_equal_decimals(one, other);
}

}  // namespace

bool has_rows(const Tensor& input) {
  return !input.shape.empty() && elements_of(input.shape).value_or(0) > 0;
}

bool can_be_joined(const Tensor& one, const Tensor& other) {
  return one.dtype == other.dtype && one.shape.size() == other.shape.size() &&
         std::equal(one.shape.begin() + 1, one.shape.end(), other.shape.begin() + 1);
}

Tensor join_rows(std::span<const Tensor* const> inputs) {
  CLARY_CHECK(!inputs.empty());
  Shape shape = inputs.front()->shape;
  shape[0] = 0;
  for (const Tensor* input : inputs) shape[0] += input->shape[0];
  Tensor joint = Tensor::make(inputs.front()->dtype, std::move(shape));
  std::size_t at = 0;
  for (const Tensor* input : inputs) {
    const std::size_t bytes = input->byte_count();
    std::memcpy(joint.bytes() + at, first_byte_of(*input), bytes);
    at += bytes;
  }
  return joint;
}

std::optional<Tensor> other_input(const Tensor& input) {
  Tensor other = Tensor::make(input.dtype, input.shape);
  const std::size_t bytes = input.byte_count();
  const std::size_t each = bytes_of(input.dtype);
  for (std::size_t at = 0; at < bytes; at += each)
    std::memcpy(other.bytes() + at, first_byte_of(input) + bytes - each - at, each);
  const auto is_same = [&] { return std::memcmp(other.bytes(), first_byte_of(input), bytes) == 0; };
  if (is_same() && input.dtype == DType::kFloat32) take_from_one<float>(other);
  if (is_same() && input.dtype == DType::kFloat64) take_from_one<double>(other);
  if (is_same()) return std::nullopt;
  return other;
}

std::optional<PredictionRows> rows_of(const Prediction& joint, const RowRange& range) {
  if (joint.tensors.empty()) return std::nullopt;
  PredictionRows rows;
  rows.prediction.layout = joint.layout;
  rows.shapes.reserve(joint.tensors.size());
  for (const TensorView& tensor : joint.tensors) {
    if (tensor.shape.empty() || tensor.shape[0] != range.total) return std::nullopt;
    const std::size_t row_bytes = byte_count_of(tensor) / static_cast<std::size_t>(range.total);
    Shape& shape = rows.shapes.emplace_back(tensor.shape.begin(), tensor.shape.end());
    shape[0] = range.count;
    const std::size_t offset = row_bytes * static_cast<std::size_t>(range.first);
    const void* const data =
        tensor.data == nullptr ? nullptr : static_cast<const std::byte*>(tensor.data) + offset;
    rows.prediction.tensors.push_back({.dtype = tensor.dtype, .shape = shape, .data = data});
  }
  return rows;
}

bool are_nearly_same(const Prediction& one, const Prediction& other) {
  return one.layout == other.layout &&
         std::ranges::equal(one.tensors, other.tensors, are_nearly_same_tensors);
}

}  // namespace clary::serving
