// A JSON text as Python takes it: json.loads(), then numpy.array() and a float32 tensor of it, with
// their words where they refuse. NaN, Infinity and whole numbers of any size included. Slow beside
// simdjson: for what that does not take. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "serving/tensor.h"

namespace clary::serving {

// The kinds that torch takes, as torch.from_numpy() refuses an array of another: "object_", "str_".
std::string not_convertible(std::string_view numpy_type);

// text: UTF-8. Returns: float32 of the shape of the nested lists.
// Errors: InvalidArgument.
Result<Tensor> read_python_json(std::string_view text);

}  // namespace clary::serving
