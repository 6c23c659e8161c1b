// The images that an environment stands for: the other way of match_environment. Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/environment_match.h"

namespace clary::runtime {

struct EnvironmentImage {
  std::string repository;   // "pytorch-training", or the environment's own name
  std::string tag;          // "2.13.0-cpu-py311", or "latest"
  std::string digest;       // "sha256:..." of what the environment holds
  std::string environment;  // its name
};

// For each environment that can be used: one of its own name, and one for each framework it has,
// named as AWS names its containers. Sorted by repository and tag; of equal ones the first
// environment's.
std::vector<EnvironmentImage> images_of(const std::vector<Environment>& environments);

}  // namespace clary::runtime
