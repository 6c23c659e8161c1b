// What the path of a request asks of a model server: SageMaker's containers, TensorFlow Serving's
// REST interface, the V2 inference protocol, TorchServe and Multi Model Server. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace clary::serving {

enum class FrontTarget : std::uint8_t {
  kNothing,     // no path of a model server
  kPing,        // GET /ping, GET /v2/health/ready
  kLive,        // GET /v2/health/live
  kMetrics,     // GET /metrics
  kInvocation,  // POST /invocations
  kModelPath,   // a path that the model's own side answers; the workers get it
  kModels,      // /models: the list, and what loads one
  kModel,       // /models/NAME: one of them
  kModelCall,   // POST /models/NAME/invoke
};

struct FrontPath {
  FrontTarget target = FrontTarget::kNothing;
  std::string_view methods = "";  // "GET, POST", as Allow has them; HEAD goes with GET
  std::string model = {};         // that the path names, decoded; empty: none
};

// path: still percent-encoded, without the query.
FrontPath read_front_path(std::string_view path);

// Whether a path that takes `methods` takes this one.
bool takes_method(std::string_view methods, std::string_view method);

}  // namespace clary::serving
