// Bodies of requests as tensors, tensors as bodies of answers: what SageMaker's PyTorch container
// does without functions of the user (docs/formats/tensor-bodies.md), byte for byte.
//
// A reader keeps its buffers from body to body: one for each lane, used by one thread at a time.
// The rest is pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/tensor.h"

namespace clary::serving {

class TensorReader {
 public:
  TensorReader();
  TensorReader(TensorReader&&) noexcept;
  TensorReader& operator=(TensorReader&&) noexcept;
  ~TensorReader();

  // content_type: application/json and text/csv give float32, application/x-npy its own kind,
  // application/x-tensor;dtype=f4;shape=1,3 bare numbers. Other types, to the letter, and what is
  // not of the type: InvalidArgument, the message being the answer.
  Result<Tensor> read(std::string_view body, const std::optional<std::string>& content_type);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// What a model gave: tensors, and the JSON text around them, in which kTensorMark stands for each
// in their order. A tensor alone: the mark alone.
inline constexpr char kTensorMark = '\x01';
struct Prediction {
  std::vector<TensorView> tensors;
  std::string layout = std::string(1, kTensorMark);
};

// The body in the first form among the entries of `accept` that there is: application/json,
// text/csv, application/x-npy. InvalidArgument, the message being the answer.
Result<std::string> encode_prediction(const Prediction& prediction, std::string_view accept);

// The toolkit's words for a type that it does not know; absent: "None".
std::string unsupported_type(std::string_view type);

// One form each.
Result<Tensor> read_json_tensor(std::string_view body);
Result<Tensor> read_csv_tensor(std::string_view body);
Result<Tensor> read_npy_tensor(std::string_view body);
// content_type: "application/x-tensor" and its parameters.
Result<Tensor> read_raw_tensor(std::string_view body, std::string_view content_type);
Status append_json(std::string& text, const TensorView& tensor);
Result<std::string> to_csv(const TensorView& tensor);
std::string to_npy(const TensorView& tensor);

}  // namespace clary::serving
