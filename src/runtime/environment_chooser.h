// EnvironmentChooser: which Python interpreter stands for a container image.
//
// Implementation: Environments (environments.h); a lambda-sized fake in tests. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hostlink/plan.h"

namespace clary::runtime {

struct ChosenEnvironment {
  hostlink::PlanInterpreter interpreter;
  std::string framework_module;  // "sagemaker_pytorch_container.training:main", or ""
  std::vector<std::string>
      notices;  // for the timeline: "asked for PyTorch 1.8, the environment has 2.13"
};

class EnvironmentChooser {
 public:
  virtual ~EnvironmentChooser() = default;
  // script_mode: the user brings a program of their own. NotFound, Unsupported: nothing here fits
  // the image; the message is for the job's owner and names the command that mends it.
  virtual Result<ChosenEnvironment> choose(const std::string& image, bool script_mode) = 0;
};

}  // namespace clary::runtime
