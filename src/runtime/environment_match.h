// Which environment takes an image's place. Pure: a function of the image's name and of what there
// is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hostlink/plan.h"
#include "runtime/image_name.h"

namespace clary::runtime {

// A Python interpreter and what it has.
struct Environment {
  std::string name;                       // "default", or as added
  std::string origin;                     // for people: "VIRTUAL_ENV", "PATH", "added", "created"
  std::string python;                     // as it was given
  std::string problem;                    // why it cannot be used; "" when it can
  hostlink::PlanInterpreter interpreter;  // when it can
};

// A distribution that an interpreter has: its name and version.
struct InstalledPackage {
  std::string name;
  std::string version;
};
// Of those that bring `package` (distributions_of), the first that is there.
std::optional<InstalledPackage> installed_package(const hostlink::PlanInterpreter& interpreter,
                                                  std::string_view package);

enum class Strictness {
  kNearest,  // the nearest version will do, and the difference is said
  kExact,    // a version that differs is a failure
};

// Whether an environment may be added under this name. InvalidArgument: a sentence for people.
Status check_environment_name(const std::string& name);

struct EnvironmentRequest {
  std::string image;
  bool script_mode = true;  // the user brings a program of their own
  Strictness strictness = Strictness::kNearest;
};

struct EnvironmentChoice {
  std::string name;
  hostlink::PlanInterpreter interpreter;
  std::string framework_module;      // "sagemaker_pytorch_container.training:main", or ""
  std::vector<std::string> notices;  // for the job's timeline and log
};

// An environment fits when it has all of the image's packages. Of several, the one with the nearest
// version that is not older, else the nearest; of equals, the first. An image that names no
// framework is run by the environment that has its repository's name, `python` by the first, if the
// user brings the program. NotFound, Unsupported: a sentence for people, with the command that
// mends it.
Result<EnvironmentChoice> match_environment(const EnvironmentRequest& request,
                                            const std::vector<Environment>& environments);

}  // namespace clary::runtime
