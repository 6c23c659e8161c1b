#include "serving/tensor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace clary::serving {
namespace {

constexpr std::uint64_t kMostInVoid = 1 << 24;

struct Kind {
  std::string_view name;
  std::string_view code;
  std::size_t bytes;
};

// In the order of DType.
constexpr std::array<Kind, 14> kKinds = {{{"bool", "b1", 1},
                                          {"uint8", "u1", 1},
                                          {"int8", "i1", 1},
                                          {"int16", "i2", 2},
                                          {"int32", "i4", 4},
                                          {"int64", "i8", 8},
                                          {"uint16", "u2", 2},
                                          {"uint32", "u4", 4},
                                          {"uint64", "u8", 8},
                                          {"float16", "f2", 2},
                                          {"float32", "f4", 4},
                                          {"float64", "f8", 8},
                                          {"complex64", "c8", 8},
                                          {"complex128", "c16", 16}}};

const Kind& kind_of(DType dtype) {
  const std::size_t index = static_cast<std::size_t>(dtype) - 1;
  CLARY_CHECK(index < kKinds.size());
  return kKinds[index];
}

}  // namespace

std::size_t bytes_of(DType dtype) { return kind_of(dtype).bytes; }
std::string_view dtype_name(DType dtype) { return kind_of(dtype).name; }
std::string_view dtype_code(DType dtype) { return kind_of(dtype).code; }

std::optional<DType> dtype_of_code(std::string_view code) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].code == code) return static_cast<DType>(i + 1);
  }
  return std::nullopt;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (const std::int64_t size : shape)
    text.append(text.size() > 1 ? ", " : "").append(std::to_string(size));
  return text.append(shape.size() == 1 ? ",)" : ")");
}

std::optional<std::uint64_t> elements_of(std::span<const std::int64_t> shape) {
  std::uint64_t count = 1;
  bool is_empty = false;
  bool too_many = false;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    is_empty = is_empty || size == 0;
    too_many = __builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count) || too_many;
  }
  if (is_empty) return 0;
  if (too_many) return std::nullopt;
  return count;
}

bool is_vast_void(std::span<const std::int64_t> shape) {
  Shape others;
  std::ranges::copy_if(shape, std::back_inserter(others),
                       [](std::int64_t size) { return size != 0; });
  return others.size() < shape.size() && elements_of(others).value_or(UINT64_MAX) > kMostInVoid;
}

Tensor Tensor::make(DType dtype, Shape shape) {
  Tensor made{.dtype = dtype, .shape = std::move(shape), .data = nullptr};
  const std::size_t bytes = made.byte_count();
  if (bytes > 0)
    made.data = std::shared_ptr<void>(new std::byte[bytes], std::default_delete<std::byte[]>());
  return made;
}

Tensor Tensor::of(std::vector<float> values, Shape shape) {
  CLARY_CHECK(elements_of(shape) == values.size());
  const auto kept = std::make_shared<std::vector<float>>(std::move(values));
  return {.dtype = DType::kFloat32,
          .shape = std::move(shape),
          .data = std::shared_ptr<void>(kept, kept->data())};
}

Tensor Tensor::copy() const {
  Tensor made = make(dtype, shape);
  if (data != nullptr) std::memcpy(made.bytes(), data.get(), made.byte_count());
  return made;
}

std::size_t Tensor::byte_count() const {
  const std::optional<std::uint64_t> count = elements_of(shape);
  std::size_t bytes = 0;
  CLARY_CHECK(count && !__builtin_mul_overflow(*count, bytes_of(dtype), &bytes));
  return bytes;
}

}  // namespace clary::serving
