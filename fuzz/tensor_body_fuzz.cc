// Bodies of requests as tensors: whatever they are, there is a tensor of the size that its shape
// tells, or an error; and the fast reader of JSON agrees with the exact one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "serving/python_json.h"
#include "serving/tensor_codec.h"

namespace {

using clary::Result;
using clary::serving::Tensor;

void check_answers(const Tensor& tensor) {
  clary::serving::Prediction prediction;
  prediction.tensors.push_back(tensor.view());
  for (const char* accept : {"application/json", "text/csv", "application/x-npy"})
    static_cast<void>(clary::serving::encode_prediction(prediction, accept));
  // What is written as NPY is read again, with as many numbers. JSON has more axes than it.
  constexpr std::size_t kMostNpyAxes = 32;
  if (tensor.shape.size() > kMostNpyAxes) return;
  const Result<Tensor> again =
      clary::serving::read_npy_tensor(clary::serving::to_npy(tensor.view()));
  CLARY_CHECK(again.ok());
  CLARY_CHECK(clary::serving::elements_of(again->shape) ==
              clary::serving::elements_of(tensor.shape));
}

void check_json(std::string_view body) {
  const Result<Tensor> fast = clary::serving::read_json_tensor(body);
  if (!fast.ok()) return;
  const Result<Tensor> exact = clary::serving::read_python_json(body);
  CLARY_CHECK(exact.ok() && exact->shape == fast->shape);
  CLARY_CHECK(exact->byte_count() == 0 ||
              std::memcmp(exact->data.get(), fast->data.get(), exact->byte_count()) == 0);
  check_answers(*fast);
}

}  // namespace

// The first byte chooses the form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_json(body);
      break;
    case 1:
      if (const auto read = clary::serving::read_npy_tensor(body); read.ok()) check_answers(*read);
      break;
    case 2:
      if (const auto read = clary::serving::read_csv_tensor(body); read.ok()) check_answers(*read);
      break;
    default: {
      const std::size_t end = std::min(body.find('\n'), body.size());
      const std::string type = "application/x-tensor" + std::string(body.substr(0, end));
      const auto read = clary::serving::read_raw_tensor(body.substr(end), type);
      if (read.ok()) check_answers(*read);
    }
  }
  return 0;
}
