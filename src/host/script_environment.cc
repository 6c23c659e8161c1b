#include "host/script_environment.h"

#include <algorithm>

#include "base/files.h"
#include "base/strings.h"
#include "compute/resources.h"
#include "host/asked_lines.h"

namespace clary::host {
namespace {

Result<std::vector<std::string>> asked_sys_path(const std::string& python) {
  return asked_lines(
      {python, "-I", "-c", "import sys; print('\\n'.join(p for p in sys.path if p))"});
}

bool is_site_folder(std::string_view path) {
  return path.ends_with("/site-packages") || path.ends_with("/dist-packages");
}

}  // namespace

std::vector<std::string> with_site_folders(std::vector<std::string> sys_path,
                                           const std::vector<std::string>& folders) {
  const auto site = std::find_if(sys_path.begin(), sys_path.end(), is_site_folder);
  sys_path.insert(site, folders.begin(), folders.end());
  return sys_path;
}

Result<ToolkitInput> toolkit_input(const HostContext& context, const std::string& base_folder) {
  const hostlink::HostPlan& plan = context.plan;
  const bool own_network = context.network != nullptr && context.network->network_namespace() >= 0;
  const bool listener = context.network != nullptr && context.network->server_listener().valid();
  const PlatformFacts facts{
      .base_folder = base_folder,
      .home = base_folder == "/opt/ml" ? "/root" : path_join(context.folder, "home"),
      .server_reachable = listener || !own_network,
      .credentials_address = listener,
      .program_folders = context.program_folders};
  ToolkitInput input;
  input.hyperparameters = plan.hyperparameters;
  input.resource_config = resource_config_file(plan);
  input.input_data_config = input_data_config_file(plan);
  input.process_environment = process_environment(plan, facts);
  input.program_folder = folder_of(plan.interpreter.python);
  input.sys_path = plan.interpreter.sys_path;
  if (input.sys_path.empty()) {
    CLARY_TRY(input.sys_path, asked_sys_path(plan.interpreter.python));
  }
  input.sys_path = with_site_folders(std::move(input.sys_path), context.requirement_folders);
  if (const auto torch = plan.interpreter.packages.find("torch");
      torch != plan.interpreter.packages.end()) {
    input.torch_version = torch->second;
  }
  // This program, and all that it starts, is kept to the cores that the job was granted.
  input.cpus = std::max(1, static_cast<int>(compute::usable_cpus().size()));
  input.gpus = static_cast<int>(plan.gpu_devices.size());
  input.base_folder = base_folder;
  return input;
}

}  // namespace clary::host
