#include "apps/model_engine.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "serving/python_engine.h"
#include "serving/torch_engine.h"

namespace clary::apps {
namespace {

using Variables = std::map<std::string, std::string>;

std::string variable_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Where SDK v3's ModelBuilder puts the shared libraries that a model brings along. Its handler
// copies them to /lib, where they are out of place: the loader finds them where they are.
constexpr std::string_view kSharedLibraries = "/shared_libs";

// The server's own variables; as many threads for the numeric libraries as each worker has cores,
// unless they are named; and the model's shared libraries.
std::vector<std::string> worker_environment(const ModelServerPlan& plan,
                                            const std::string& model_folder) {
  Variables variables = plan.variables;
  const std::string threads = std::to_string(plan.options.threads_per_worker);
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"})
    variables.emplace(name, threads);
  variables.emplace("SM_MODEL_DIR", model_folder);
  std::string& libraries = variables["LD_LIBRARY_PATH"];
  const std::string own = model_folder + std::string(kSharedLibraries);
  libraries = libraries.empty() ? own : own + ":" + libraries;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

// The variable's number; nothing where it is none.
std::optional<std::size_t> threads_asked_for(const Variables& variables) {
  const auto number = parse_int(variable_of(variables, "OMP_NUM_THREADS"));
  return number && *number > 0 ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

serving::TorchEngineOptions torch_options(const EngineParts& parts) {
  const ModelServerPlan& plan = parts.plan;
  serving::TorchEngineOptions options{
      .plugin_folder = serving::engine_folder(plan.data_folder, plan.interpreter),
      .environment = plan.environment,
      .model_folder = parts.model_folder,
      .code = {.handler = variable_of(plan.variables, "SAGEMAKER_HANDLER"),
               .program = variable_of(plan.variables, "SAGEMAKER_PROGRAM"),
               .submit_folder = variable_of(plan.variables, "SAGEMAKER_SUBMIT_DIRECTORY")},
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
  if (parts.plan.engine == EngineKind::kTorch)
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
