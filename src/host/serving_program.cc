#include "host/serving_program.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/files.h"
#include "base/strings.h"
#include "host/job_tree.h"
#include "host/transform_settings.h"

namespace clary::host {
namespace {

// In a sandbox with files of its own.
constexpr const char* kShownFolder = "/run/clary/serve";
constexpr const char* kShownProgram = "/run/clary/bin/clary";
constexpr const char* kShownEngine = "/run/clary/engine";
constexpr const char* kSubmitDirectory = "SAGEMAKER_SUBMIT_DIRECTORY";

bool shows_the_machine(const HostContext& context) { return context.plan.sandbox == "process"; }

std::string program_inside(const HostContext& context) {
  return shows_the_machine(context) ? context.services.program : kShownProgram;
}

// The instance's cores, unless the container's own variables say how many workers there are.
std::vector<std::string> worker_options(const hostlink::HostPlan& plan) {
  const bool named = std::ranges::any_of(plan.environment, [](const auto& variable) {
    return variable.first == "SAGEMAKER_MODEL_SERVER_WORKERS" ||
           variable.first == "SAGEMAKER_TS_MAX_WORKERS";
  });
  if (named || plan.cores <= 0) return {};
  return {"--workers", std::to_string(plan.cores)};
}

// The code comes first; what is installed for it stands before the environment's own packages, as
// with scripts.
std::string serving_python_path(const HostContext& context, const ToolkitInput& input) {
  std::string path = path_join(input.base_folder, context.code_folder);
  const auto given = input.process_environment.find("PYTHONPATH");
  if (given != input.process_environment.end()) {
    for (const std::string_view folder : split(given->second, ':')) {
      if (!folder.empty()) path.append(":").append(folder);
    }
  }
  if (context.requirement_folders.empty()) return path;
  for (const std::string& folder : input.sys_path) path.append(":").append(folder);
  return path;
}

}  // namespace

Status make_serving_folder(const HostContext& context) {
  if (context.services.program.empty())
    return internal_error("this program's own file is not known, so no model server can start");
  const std::string folder = folder_of(context.plan.serving_socket);
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder, 0700));
  if (!context.plan.run_as_uid || ::geteuid() != 0) return {};
  if (::chown(folder.c_str(), *context.plan.run_as_uid, *context.plan.run_as_uid) != 0)
    return system_error("give away '" + folder + "'");
  return {};
}

std::vector<compute::Mount> serving_mounts(const HostContext& context) {
  if (shows_the_machine(context)) return {};
  std::vector<compute::Mount> mounts = {
      {.source = folder_of(context.plan.serving_socket), .target = kShownFolder, .writable = true},
      {.source = context.services.program, .target = kShownProgram}};
  if (!context.plan.engine_folder.empty())
    mounts.push_back({.source = context.plan.engine_folder, .target = kShownEngine});
  return mounts;
}

std::string serving_folder_inside(const HostContext& context) {
  return shows_the_machine(context) ? folder_of(context.plan.serving_socket) : kShownFolder;
}

std::vector<std::string> serving_command(const HostContext& context,
                                         const std::string& base_folder) {
  const hostlink::HostPlan& plan = context.plan;
  std::vector<std::string> command = {program_inside(context), "model-server"};
  const auto add = [&command](const std::vector<std::string>& words) {
    command.insert(command.end(), words.begin(), words.end());
  };
  if (plan.model.many)
    add({"--multi-model", "--models-from", plan.model.uri});
  else
    add({path_join(base_folder, "model"), "--no-reload"});
  add({"--listen", "unix:" + base_name(plan.serving_socket)});
  add({"--interpreter", plan.interpreter.python});
  add({"--data", path_join(serving_folder_inside(context), "data")});
  add(worker_options(plan));
  if (!plan.accelerator_type.empty()) add({"--engine", "torch-first"});
  if (!plan.engine_folder.empty()) {
    const std::string shown = shows_the_machine(context) ? plan.engine_folder : kShownEngine;
    add({"--engine-folder", shown});
  }
  // A job without a limit of its own; 0 is none that the model server knows.
  if (plan.kind == "transform" && plan.transform.max_payload_mb == 0)
    add({"--max-payload-mb",
         std::to_string(TransformSettings{.max_payload_mb = 0}.payload_bytes() >> 20U)});
  return command;
}

Variables serving_variables(const HostContext& context, const ToolkitInput& input) {
  Variables variables = input.process_environment;
  variables["PYTHONPATH"] = serving_python_path(context, input);
  const auto submitted = variables.find(kSubmitDirectory);
  if (submitted == variables.end()) return variables;
  std::string& folder = submitted->second;
  if (folder.starts_with("s3://")) {
    folder = path_join(input.base_folder, context.code_folder);
  } else if (folder.starts_with(kContainerBase)) {
    folder = path_join(input.base_folder, folder.substr(kContainerBase.size()));
  }
  return variables;
}

}  // namespace clary::host
