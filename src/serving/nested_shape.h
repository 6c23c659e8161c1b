// NestedShape: the shape that numpy.array() finds in nested lists, told of them as they are read.
// Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "serving/tensor.h"

namespace clary::serving {

class NestedShape {
 public:
  // numpy's limit.
  static constexpr std::size_t kMostAxes = 64;

  // depth: how many lists are open around it.
  void add_element(std::size_t depth) { end_at(depth); }
  // A list in `depth` others has ended.
  void add_list(std::size_t depth, std::size_t length) {
    if (length == 0) end_at(depth + 1);
    if (depth >= *axes_) {
      is_ragged_ = true;
      return;
    }
    if (shape_.size() < *axes_) shape_.resize(*axes_, kUnknown);
    std::int64_t& known = shape_[depth];
    const auto size = static_cast<std::int64_t>(length);
    if (known == kUnknown) known = size;
    if (known != size) cut(depth);
  }

  // Errors: InvalidArgument, in numpy's words, where the lists have no common shape.
  Result<Shape> shape() const {
    const std::size_t axes = axes_.value_or(0);
    if (axes > kMostAxes)
      return invalid_argument(
          "setting an array element with a sequence. The requested array would exceed the maximum "
          "number of dimension of 64.");
    Shape found(shape_.begin(), shape_.begin() + static_cast<std::ptrdiff_t>(
                                                     axes < shape_.size() ? axes : shape_.size()));
    if (!is_ragged_) return found;
    return invalid_argument(
        "setting an array element with a sequence. The requested array has an inhomogeneous shape "
        "after " +
        std::to_string(axes) + " dimensions. The detected shape was " + shape_text(found) +
        " + inhomogeneous part.");
  }

 private:
  static constexpr std::int64_t kUnknown = -1;

  // An element stands at this depth.
  void end_at(std::size_t depth) {
    if (!axes_) axes_ = depth;
    if (depth < *axes_) cut(depth);
    if (depth > *axes_) is_ragged_ = true;
  }
  void cut(std::size_t axes) {
    is_ragged_ = true;
    axes_ = axes;
  }

  std::optional<std::size_t> axes_;  // known from the first element on
  Shape shape_;
  bool is_ragged_ = false;
};

}  // namespace clary::serving
