// The elements of a tensor as the numbers that Python's tolist() gives. Pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "serving/tensor.h"

namespace clary::serving {

enum class NumberKind { kBool, kInteger, kUnsigned, kDecimal, kComplex };

inline NumberKind number_kind(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return NumberKind::kBool;
    case DType::kFloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return NumberKind::kDecimal;
    case DType::kComplex64:
    case DType::kComplex128:
      return NumberKind::kComplex;
    case DType::kUint64:
      return NumberKind::kUnsigned;
    default:
      return NumberKind::kInteger;
  }
}

template <typename Number>
Number element_at(const void* data, std::size_t index) {
  Number number;
  std::memcpy(&number, static_cast<const std::byte*>(data) + index * sizeof number, sizeof number);
  return number;
}

// IEEE 754 binary16.
inline double half_to_double(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16;
  const std::uint32_t exponent = half >> 10 & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 0) {
    const double small = static_cast<double>(fraction) / 16777216.0;  // 2^-24
    return sign != 0 ? -small : small;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffU : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

// Of a kind that is kDecimal.
inline double decimal_at(const TensorView& tensor, std::size_t index) {
  if (tensor.dtype == DType::kFloat64) return element_at<double>(tensor.data, index);
  if (tensor.dtype == DType::kFloat32) return element_at<float>(tensor.data, index);
  return half_to_double(element_at<std::uint16_t>(tensor.data, index));
}

// Of a kind that is kInteger or kBool.
inline std::int64_t integer_at(const TensorView& tensor, std::size_t index) {
  switch (tensor.dtype) {
    case DType::kInt8:
      return element_at<std::int8_t>(tensor.data, index);
    case DType::kInt16:
      return element_at<std::int16_t>(tensor.data, index);
    case DType::kInt32:
      return element_at<std::int32_t>(tensor.data, index);
    case DType::kUint16:
      return element_at<std::uint16_t>(tensor.data, index);
    case DType::kUint32:
      return element_at<std::uint32_t>(tensor.data, index);
    case DType::kInt64:
      return element_at<std::int64_t>(tensor.data, index);
    default:
      return element_at<std::uint8_t>(tensor.data, index);
  }
}

}  // namespace clary::serving
