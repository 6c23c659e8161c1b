#include "serving/joint_rows.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace clary::serving {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

std::vector<float> numbers_of(const TensorView& tensor) {
  const auto* const begin = static_cast<const float*>(tensor.data);
  return {begin, begin + elements_of(tensor.shape).value_or(0)};
}

bool nearly_same(const Tensor& one, const Tensor& other) {
  Prediction left;
  left.tensors = {one.view()};
  Prediction right;
  right.tensors = {other.view()};
  return are_nearly_same(left, right);
}

TEST(JointRows, WhatHasNoRowsIsNotJoined) {
  EXPECT_TRUE(has_rows(Tensor::of({1, 2}, {2})));
  EXPECT_FALSE(has_rows(Tensor::of({1}, {})));
  EXPECT_FALSE(has_rows(Tensor::of({}, {0, 3})));
  EXPECT_FALSE(has_rows(Tensor::of({}, {3, 0})));
}

TEST(JointRows, ShapesAgreeInAllButTheFirstAxis) {
  const Tensor one = Tensor::of({1, 2}, {1, 2});
  EXPECT_TRUE(can_be_joined(one, Tensor::of({1, 2, 3, 4}, {2, 2})));
  EXPECT_FALSE(can_be_joined(one, Tensor::of({1, 2, 3}, {1, 3})));
  EXPECT_FALSE(can_be_joined(one, Tensor::of({1, 2}, {2})));
  EXPECT_FALSE(can_be_joined(one, Tensor::of({1, 2}, {1, 2, 1})));
  EXPECT_FALSE(can_be_joined(one, Tensor::make(DType::kInt64, {1, 2})));
}

TEST(JointRows, EachGetsItsRowsBack) {
  const Tensor one = Tensor::of({1, 2}, {1, 2});
  const Tensor two = Tensor::of({3, 4, 5, 6}, {2, 2});
  const std::vector<const Tensor*> both = {&one, &two};
  const Tensor joint = join_rows(both);
  EXPECT_EQ(joint.shape, (Shape{3, 2}));
  Prediction prediction;
  prediction.layout = "{\"a\": \x01, \"b\": \x01}";
  const Tensor flat = Tensor::of({7, 8, 9}, {3});
  prediction.tensors = {joint.view(), flat.view()};
  std::optional<PredictionRows> found = rows_of(prediction, {.first = 1, .count = 2, .total = 3});
  ASSERT_TRUE(found);
  const PredictionRows rows = std::move(*found);
  EXPECT_EQ(rows.prediction.layout, prediction.layout);
  EXPECT_EQ(shape_text(rows.prediction.tensors[0].shape), "(2, 2)");
  EXPECT_EQ(numbers_of(rows.prediction.tensors[0]), (std::vector<float>{3, 4, 5, 6}));
  EXPECT_EQ(numbers_of(rows.prediction.tensors[1]), (std::vector<float>{8, 9}));
}

TEST(JointRows, APredictionWithoutARowForEachHasNoParts) {
  const RowRange range{.first = 0, .count = 1, .total = 2};
  Prediction prediction;
  prediction.layout = "null";
  EXPECT_FALSE(rows_of(prediction, range));
  const Tensor three = Tensor::of({1, 2, 3}, {3});
  prediction.tensors = {three.view()};
  EXPECT_FALSE(rows_of(prediction, range));
  const Tensor alone = Tensor::of({1}, {});
  prediction.tensors = {alone.view()};
  EXPECT_FALSE(rows_of(prediction, range));
}

TEST(JointRows, AnotherInputHasOtherNumbers) {
  const auto numbers = [](const Tensor& input) {
    const std::optional<Tensor> other = other_input(input);
    return other ? numbers_of(other->view()) : std::vector<float>{};
  };
  EXPECT_EQ(numbers(Tensor::of({1, 2, 3}, {1, 3})), (std::vector<float>{3, 2, 1}));
  EXPECT_EQ(numbers(Tensor::of({0, 0}, {1, 2})), (std::vector<float>{1, 1}));
  EXPECT_FALSE(other_input(Tensor::of({0.5, 0.5}, {1, 2})));
  Tensor whole = Tensor::make(DType::kInt8, {1, 1});
  whole.bytes()[0] = std::byte{3};
  EXPECT_FALSE(other_input(whole));
}

TEST(JointRows, DecimalsMayDifferAsSumsDo) {
  const Tensor one = Tensor::of({100, 1, kNan, kInfinite}, {4});
  EXPECT_TRUE(nearly_same(one, one.copy()));
  EXPECT_TRUE(nearly_same(one, Tensor::of({100.005F, 1.005F, kNan, kInfinite}, {4})));
  EXPECT_FALSE(nearly_same(one, Tensor::of({100, 1.02F, kNan, kInfinite}, {4})));
  EXPECT_FALSE(nearly_same(one, Tensor::of({100, 1, 1, kInfinite}, {4})));
  EXPECT_FALSE(nearly_same(one, Tensor::of({100, 1, kNan, -kInfinite}, {4})));
  EXPECT_FALSE(nearly_same(one, Tensor::of({100, 1, kNan, 1}, {4})));
  EXPECT_FALSE(nearly_same(one, Tensor::of({100, 1, kNan, kInfinite}, {1, 4})));
  EXPECT_FALSE(nearly_same(Tensor::of({0}, {1}), Tensor::of({1e-6F}, {1})));
}

TEST(JointRows, WholeNumbersMayNot) {
  Tensor one = Tensor::make(DType::kInt64, {1});
  const std::int64_t number = 1'000'000;
  std::memcpy(one.bytes(), &number, sizeof number);
  Tensor other = one.copy();
  EXPECT_TRUE(nearly_same(one, other));
  other.bytes()[0] ^= std::byte{1};
  EXPECT_FALSE(nearly_same(one, other));
}

}  // namespace
}  // namespace clary::serving
