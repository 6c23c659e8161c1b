// Several inputs as the rows of one, and what a model gave for all as the rows of each. Rows are
// what the first axis counts. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "serving/tensor.h"
#include "serving/tensor_codec.h"

namespace clary::serving {

// Whether it has rows, and numbers in them.
bool has_rows(const Tensor& input);
// Whether they differ in nothing but the number of their rows. Both have rows.
bool can_be_joined(const Tensor& one, const Tensor& other);
// One below the other. inputs: at least one; each can be joined with the first.
Tensor join_rows(std::span<const Tensor* const> inputs);
// Of the same kind and shape, with numbers that a model takes as well: the same ones in another
// order; where that is no other, decimals x as 1 - x. Nothing where that is the same too.
std::optional<Tensor> other_input(const Tensor& input);

struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t total = 0;  // rows of what was run
};

// A part of a prediction; its numbers are the prediction's and live as long as they do.
struct PredictionRows {
  PredictionRows() = default;
  PredictionRows(PredictionRows&&) = default;
  PredictionRows& operator=(PredictionRows&&) = default;

  std::vector<Shape> shapes;  // of `prediction`'s tensors
  Prediction prediction;
};

// Those rows of each tensor. Nothing where a tensor has another number of rows than the input, or
// there is none.
std::optional<PredictionRows> rows_of(const Prediction& joint, const RowRange& range);

// Whether they have the same form, and their decimals differ by no more than what the order of
// summing explains: a ten-thousandth (float16: a fiftieth) of the tensor's largest. Other numbers
// are the same to the bit.
bool are_nearly_same(const Prediction& one, const Prediction& other);

}  // namespace clary::serving
