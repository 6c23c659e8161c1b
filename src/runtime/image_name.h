// ImageName: what a training image's URI says it holds. Pure.
//
// A URI is only text: neither its registry nor its account is looked at, and a version that never
// existed is as good as another. Forms: docker image references; the names of Deep Learning
// Containers, of the older sagemaker-* images, of XGBoost, scikit-learn and the built-in
// algorithms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clary::runtime {

// A Python distribution that the image brings. Any of the names does: {"tensorflow",
// "tensorflow-cpu"}.
struct PackageAsk {
  std::vector<std::string> names;
  std::string version;  // "1.8.1"; "" when the image names none
};

struct ImageName {
  std::string uri;
  std::string repository;  // the last part of its path: "pytorch-training"
  std::string tag;         // "" when there is none
  std::string
      framework;  // "pytorch", "tensorflow", "sklearn", "xgboost", ...; "" when it names none
  std::string framework_module;  // SAGEMAKER_TRAINING_MODULE of the framework's container; "" when
                                 // it names none
  std::vector<PackageAsk> packages;  // what an environment must have, the first first
  std::string
      algorithm;  // a built-in algorithm that the image holds: "linear-learner", "xgboost"; else ""
};

// The distributions that bring what `package` does, it first: "tensorflow-cpu" for "tensorflow".
std::vector<std::string> distributions_of(std::string_view package);

// Never fails: a name that says nothing has no framework.
ImageName parse_image_name(std::string_view uri);

}  // namespace clary::runtime
