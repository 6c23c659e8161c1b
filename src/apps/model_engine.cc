#include "apps/model_engine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/strings.h"
#include "serving/python_engine.h"
#include "serving/torch_engine.h"
#include "serving/user_code.h"

namespace clary::apps {
namespace {

using Variables = std::map<std::string, std::string>;

std::string variable_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// The server's own variables, and as many threads for the numeric libraries as each worker has
// cores, unless they are named.
std::vector<std::string> worker_environment(const ModelServerPlan& plan,
                                            const std::string& model_folder) {
  Variables variables = plan.variables;
  const std::string threads = std::to_string(plan.options.threads_per_worker);
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"})
    variables.emplace(name, threads);
  variables.emplace("SM_MODEL_DIR", model_folder);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

// The variable's number; nothing where it is none.
std::optional<std::size_t> threads_asked_for(const Variables& variables) {
  const auto number = parse_int(variable_of(variables, "OMP_NUM_THREADS"));
  return number && *number > 0 ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

std::string plugin_folder(const ModelServerPlan& plan) {
  if (!plan.engine_folder.empty()) return plan.engine_folder;
  return serving::engine_folder(plan.data_folder, plan.interpreter);
}

serving::CodeVariables code_variables(const ModelServerPlan& plan) {
  return {.handler = variable_of(plan.variables, "SAGEMAKER_HANDLER"),
          .program = variable_of(plan.variables, "SAGEMAKER_PROGRAM"),
          .submit_folder = variable_of(plan.variables, "SAGEMAKER_SUBMIT_DIRECTORY")};
}

// "" where it can.
std::string why_torch_cannot(const EngineParts& parts) {
  if (!exists(path_join(plugin_folder(parts.plan), "engine.json")))
    return "no torch engine is built for its environment (clary environments build-engine)";
  if (const auto code = serving::user_code_of(parts.model_folder, code_variables(parts.plan)))
    return "the model brings " + *code;
  const auto names = list_folder(parts.model_folder);
  const bool is_torchs =
      names.ok() && std::ranges::any_of(*names, [](const std::string& name) {
        return name.ends_with(".pt") || name.ends_with(".pth") || name.ends_with(".pt2");
      });
  return is_torchs ? "" : "it is no model of TorchScript or torch.export";
}

bool takes_torch(const EngineParts& parts) {
  if (parts.plan.engine != EngineKind::kTorchFirst) return parts.plan.engine == EngineKind::kTorch;
  const std::string obstacle = why_torch_cannot(parts);
  if (obstacle.empty())
    parts.logger.info("the model runs in the torch engine", {{"gpu", "where there is one"}});
  else
    parts.logger.info("the model runs in the python engine", {{"why", obstacle}});
  return obstacle.empty();
}

serving::TorchEngineOptions torch_options(const EngineParts& parts) {
  const ModelServerPlan& plan = parts.plan;
  serving::TorchEngineOptions options{.plugin_folder = plugin_folder(plan),
                                      .environment = plan.environment,
                                      .model_folder = parts.model_folder,
                                      .code = code_variables(plan),
                                      .device = "",
                                      .lanes = plan.options.workers,
                                      .most_threads = plan.options.threads_per_worker,
                                      .threads = threads_asked_for(plan.variables)};
  const std::string accept = variable_of(plan.variables, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT");
  if (!accept.empty()) options.default_accept = accept;
  return options;
}

}  // namespace

std::unique_ptr<serving::Engine> make_engine(const EngineParts& parts) {
  if (takes_torch(parts))
    return std::make_unique<serving::TorchEngine>(torch_options(parts), parts.clock, parts.logger);
  return std::make_unique<serving::PythonEngine>(
      serving::PythonProgram{.interpreter = parts.plan.interpreter,
                             .package_folder = parts.package_folder,
                             .model_folder = parts.model_folder,
                             .environment = worker_environment(parts.plan, parts.model_folder),
                             .open_files = parts.open_files},
      parts.clock);
}

}  // namespace clary::apps
