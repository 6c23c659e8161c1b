// What the public training toolkits hand to a user's script: decoded hyperparameters, arguments,
// and the whole environment.
//
// A pure function of the container's files and facts. Source: training_env_oracle.md, sections 1 to
// 4 (sagemaker-training 5.1.4, sagemaker-pytorch-training 3.0.0).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace clary::host {

using Variables = std::map<std::string, std::string>;

struct ToolkitInput {
  std::vector<std::pair<std::string, std::string>>
      hyperparameters;         // texts, as in hyperparameters.json
  Document resource_config;    // resourceconfig.json
  Document input_data_config;  // inputdataconfig.json
  // The container's environment before the toolkit: the image's variables, the platform's, the
  // user's.
  Variables process_environment;
  std::string program_folder;         // where the interpreter's programs lie: "/usr/local/bin"
  std::vector<std::string> sys_path;  // the interpreter's own
  std::string torch_version;          // torch.__version__; "" where torch is absent
  int cpus = 1;                       // of the machine
  int gpus = 0;
  int neurons = 0;
  std::string base_folder = "/opt/ml";
};

struct TrainingEnvironment {
  std::string user_entry_point;           // "train.py"
  std::string submit_directory;           // s3://... or a path; the code folder when none was named
  std::vector<std::string> arguments;     // the script's, without its own name
  Variables variables;                    // the script's whole environment
  std::vector<std::string> kept_as_text;  // names of the user's hyperparameters that are not JSON
};

// Unsupported when no entry point is named: the image's own program is asked for. InvalidArgument
// when a file lacks what the toolkit requires of it.
Result<TrainingEnvironment> make_training_environment(const ToolkitInput& input);

// mapping.to_cmd_args: names in order of code points, `--name value`, `-n value`.
std::vector<std::string> to_arguments(const Document& hyperparameters);

}  // namespace clary::host
