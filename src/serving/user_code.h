// Whether a model brings code of its own, which only a Python engine runs. The rules are those of
// python/clary_serving/handlers: an archive, a service file, a module of SageMaker's functions.
#pragma once

#include <optional>
#include <string>

namespace clary::serving {

// The variables that name code; empty: not set.
struct CodeVariables {
  std::string handler = {};        // SAGEMAKER_HANDLER
  std::string program = {};        // SAGEMAKER_PROGRAM
  std::string submit_folder = {};  // SAGEMAKER_SUBMIT_DIRECTORY
};

// What it is, as a person would name it: "code/inference.py"; nothing where there is none.
std::optional<std::string> user_code_of(const std::string& model_folder,
                                        const CodeVariables& variables);

}  // namespace clary::serving
