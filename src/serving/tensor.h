// Tensor: numbers of one kind with axes, in C order, as bodies hold them and engines take them.
// Values that share their memory when copied; no arithmetic here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace clary::serving {

// The numbers are those of engine_abi.h.
enum class DType : std::uint32_t {
  kBool = 1,
  kUint8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
};

std::size_t bytes_of(DType dtype);
// numpy's name: "float32".
std::string_view dtype_name(DType dtype);
// numpy's letter and size: "f4", "b1".
std::string_view dtype_code(DType dtype);
std::optional<DType> dtype_of_code(std::string_view code);

using Shape = std::vector<std::int64_t>;
// "(2, 3)", "(2,)", "()".
std::string shape_text(std::span<const std::int64_t> shape);
// How many elements; nothing where the number does not fit or an axis is negative.
std::optional<std::uint64_t> elements_of(std::span<const std::int64_t> shape);
// Whether a shape without elements has other axes beyond what any body could fill: nobody means
// it, and the lists of it, written out, would fill the memory.
bool is_vast_void(std::span<const std::int64_t> shape);

// What somebody else owns.
struct TensorView {
  DType dtype = DType::kFloat32;
  std::span<const std::int64_t> shape;
  const void* data = nullptr;
};

struct Tensor {
  DType dtype = DType::kFloat32;
  Shape shape;
  std::shared_ptr<void> data;  // nothing where there are no elements

  // shape: of as many elements as fit. The bytes have no value yet.
  static Tensor make(DType dtype, Shape shape);
  // values: as many as the shape has.
  static Tensor of(std::vector<float> values, Shape shape);

  // With memory of its own.
  Tensor copy() const;

  std::byte* bytes() { return static_cast<std::byte*>(data.get()); }
  std::size_t byte_count() const;
  TensorView view() const { return {.dtype = dtype, .shape = shape, .data = data.get()}; }
};

}  // namespace clary::serving
