// Tensors of the border as torch's and back. Part of the torch plugin; built on the user's machine
// with that environment's torch.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "serving/engine_abi.h"

namespace clary::torch_engine {

inline at::ScalarType scalar_type(std::uint32_t dtype) {
  switch (dtype) {
    case CLARY_BOOL:
      return at::kBool;
    case CLARY_UINT8:
      return at::kByte;
    case CLARY_INT8:
      return at::kChar;
    case CLARY_INT16:
      return at::kShort;
    case CLARY_INT32:
      return at::kInt;
    case CLARY_INT64:
      return at::kLong;
    case CLARY_UINT16:
      return at::kUInt16;
    case CLARY_UINT32:
      return at::kUInt32;
    case CLARY_UINT64:
      return at::kUInt64;
    case CLARY_FLOAT16:
      return at::kHalf;
    case CLARY_FLOAT32:
      return at::kFloat;
    case CLARY_FLOAT64:
      return at::kDouble;
    case CLARY_COMPLEX64:
      return at::kComplexFloat;
    case CLARY_COMPLEX128:
      return at::kComplexDouble;
    default:
      throw std::invalid_argument("no such kind of number: " + std::to_string(dtype));
  }
}

// 0 where the border has no such kind.
inline std::uint32_t border_dtype(at::ScalarType type) {
  for (std::uint32_t dtype = CLARY_BOOL; dtype <= CLARY_COMPLEX128; ++dtype) {
    if (scalar_type(dtype) == type) return dtype;
  }
  return 0;
}

// A view of the caller's memory, on the device.
inline at::Tensor to_torch(const clary_tensor& tensor, const at::Device& device) {
  const at::IntArrayRef shape(tensor.shape, tensor.rank);
  const at::ScalarType type = scalar_type(tensor.dtype);
  if (tensor.data == nullptr) return at::empty(shape, at::device(device).dtype(type));
  const at::Tensor here = at::from_blob(tensor.data, shape, at::device(at::kCPU).dtype(type));
  return device.is_cpu() ? here : here.to(device);
}

// What a run gave, in the form of the border.
class Answer {
 public:
  // Throws where the value has no such form.
  void add(const at::IValue& value) {
    if (value.isTensor()) {
      add_tensor(value.toTensor());
    } else if (value.isTuple()) {
      add_list(value.toTupleRef().elements().vec());
    } else if (value.isList()) {
      add_list(value.toListRef().vec());
    } else if (value.isGenericDict()) {
      add_dict(value.toGenericDict());
    } else if (value.isNone()) {
      layout_ += "null";
    } else if (value.isBool() || value.isInt() || value.isDouble()) {
      const at::Scalar number = value.toScalar();
      add_tensor(at::scalar_tensor(number, at::device(at::kCPU).dtype(number.type())));
    } else if (value.isString()) {
      add_string(value.toStringRef());
    } else {
      throw std::invalid_argument("Object of type " + value.tagKind() +
                                  " is not JSON serializable");
    }
  }

  // As long as this lives.
  void show(clary_engine_result& result) {
    tensors_.reserve(kept_.size());
    for (const at::Tensor& tensor : kept_) {
      tensors_.push_back({sizeof(clary_tensor), border_dtype(tensor.scalar_type()),
                          static_cast<std::uint32_t>(tensor.dim()), 0, tensor.sizes().data(),
                          tensor.numel() == 0 ? nullptr : tensor.data_ptr()});
    }
    result.count = static_cast<std::uint32_t>(tensors_.size());
    result.tensors = tensors_.data();
    result.layout = layout_.data();
    result.layout_length = layout_.size();
    result.owner = this;
  }

 private:
  void add_tensor(at::Tensor tensor) {
    if (!tensor.defined()) throw std::invalid_argument("the model gave a tensor without a value");
    if (tensor.is_sparse()) tensor = tensor.to_dense();
    if (tensor.is_quantized()) tensor = tensor.dequantize();
    tensor = tensor.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
    if (border_dtype(tensor.scalar_type()) == 0) tensor = tensor.to(at::kFloat);
    kept_.push_back(std::move(tensor));
    layout_ += '\x01';
  }

  void add_list(const std::vector<at::IValue>& values) {
    layout_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) layout_ += ", ";
      add(values[i]);
    }
    layout_ += ']';
  }

  void add_dict(const c10::Dict<at::IValue, at::IValue>& dict) {
    layout_ += '{';
    bool is_first = true;
    for (const auto& entry : dict) {
      if (!is_first) layout_ += ", ";
      is_first = false;
      const at::IValue& key = entry.key();
      if (key.isString()) {
        add_string(key.toStringRef());
      } else if (key.isInt()) {
        layout_ += '"' + std::to_string(key.toInt()) + '"';
      } else {
        throw std::invalid_argument("keys must be str, int, float, bool or None, not " +
                                    key.tagKind());
      }
      layout_ += ": ";
      add(entry.value());
    }
    layout_ += '}';
  }

  // As json.dumps() does: nothing but ASCII.
  void add_string(const std::string& text) {
    layout_ += '"';
    for (std::size_t at = 0; at < text.size();) {
      const std::uint32_t code = next_code(text, at);
      constexpr char kShort[] = "\b\f\n\r\t";
      if (code == '"' || code == '\\') {
        layout_ += '\\';
        layout_ += static_cast<char>(code);
      } else if (code >= 0x20 && code < 0x7f) {
        layout_ += static_cast<char>(code);
      } else if (const char* found =
                     code == 0 ? nullptr : std::strchr(kShort, static_cast<int>(code));
                 code < 0x80 && found != nullptr) {
        layout_ += '\\';
        layout_ += "bfnrt"[found - kShort];
      } else if (code < 0x10000) {
        add_escape(code);
      } else {
        add_escape(0xd800 + ((code - 0x10000) >> 10));
        add_escape(0xdc00 + ((code - 0x10000) & 0x3ff));
      }
    }
    layout_ += '"';
  }

  void add_escape(std::uint32_t unit) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(unit));
    layout_ += text;
  }

  // text: UTF-8, as torch's strings are; what is not stands for itself.
  static std::uint32_t next_code(const std::string& text, std::size_t& at) {
    const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t first = byte(at);
    const std::size_t length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 1 || at + length > text.size()) return text[at++] & 0xff;
    std::uint32_t code = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(at + i) & 0x3fU);
    at += length;
    return code;
  }

  std::vector<at::Tensor> kept_;
  std::vector<clary_tensor> tensors_;
  std::string layout_;
};

}  // namespace clary::torch_engine
