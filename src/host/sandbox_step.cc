// The sandbox around the script, and the environment that names what is in it.
#include <string>
#include <utility>

#include "base/files.h"
#include "host/pip_settings.h"
#include "host/sandbox_spec.h"
#include "host/script_environment.h"
#include "host/serving_program.h"
#include "host/steps.h"

namespace clary::host {
namespace {

// Images have `python`, `python3` and `pip`; an interpreter may go by another name. What is missing
// beside it is made, behind its own folder in PATH.
Status add_programs(HostContext& context, compute::SandboxSpec& spec) {
  const std::string& python = context.plan.interpreter.python;
  const std::string folder = context.path("programs");
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  bool any = false;
  for (const char* name : {"python", "python3", "pip", "pip3"}) {
    if (exists(path_join(folder_of(python), name))) continue;
    const bool pip = std::string_view(name).starts_with("pip");
    CLARY_RETURN_IF_ERROR(make_folders(folder));
    CLARY_RETURN_IF_ERROR(write_file_atomically(
        path_join(folder, name),
        "#!/bin/sh\nexec " + shlex_quote(python) + (pip ? " -m pip" : "") + " \"$@\"\n", 0755));
    any = true;
  }
  if (!any) return {};
  context.program_folders.push_back(folder);
  spec.mounts.push_back({.source = folder, .target = folder});
  return {};
}

// A program of the job's own may install what it needs, as in a container: interpreters outside of
// /usr can be written to, and what is written ends with the job.
void make_interpreters_writable(const HostContext& context, compute::SandboxSpec& spec) {
  for (const std::string& prefix : context.plan.interpreter.prefixes) {
    if (prefix == "/usr" || prefix.starts_with("/usr/")) continue;
    std::erase_if(spec.mounts, [&](const compute::Mount& mount) {
      return mount.source == prefix && mount.target == prefix;
    });
    spec.overlays.push_back({.lower = prefix, .target = prefix, .optional = true});
  }
}

}  // namespace

compute::SandboxSpec sandbox_spec(const HostContext& context, std::string_view name) {
  const hostlink::HostPlan& plan = context.plan;
  compute::SandboxSpec spec;
  spec.folder = context.path(name);
  spec.hostname = plan.host;
  spec.hosts = plan.hosts;
  spec.job_folder = context.job_folder;
  for (const std::string& prefix : plan.interpreter.prefixes)
    spec.mounts.push_back({.source = prefix, .target = prefix});
  if (!plan.ca_file.empty())
    spec.mounts.push_back({.source = plan.ca_file, .target = plan.ca_file});
  if (context.network != nullptr) {
    spec.network_namespace = context.network->network_namespace();
    spec.user_namespace = context.network->user_namespace();
  }
  spec.memory_limit_bytes = plan.memory_bytes;
  spec.process_limit = plan.max_processes;
  spec.run_as_uid = plan.run_as_uid;
  return spec;
}

Error no_sandbox(const Error& reason) {
  return {reason.code, reason.message + "; see `clary doctor`"};
}

Status prepare_sandbox(HostContext& context) {
  CLARY_RETURN_IF_ERROR(context.check_stop());
  Result<std::unique_ptr<compute::Sandbox>> made =
      context.services.make_sandbox(context.plan.sandbox);
  if (!made.ok()) return made.error();
  context.sandbox = std::move(made).value();
  compute::SandboxSpec spec = sandbox_spec(context, "sandbox");
  spec.mounts.insert(spec.mounts.end(), context.mounts.begin(), context.mounts.end());
  spec.overlays = context.overlays;
  if (!context.plan.container_command.empty()) {
    CLARY_RETURN_IF_ERROR(add_programs(context, spec));
    make_interpreters_writable(context, spec);
    for (compute::Mount& mount : pip_setting_mounts(context.pip_settings))
      spec.mounts.push_back(std::move(mount));
  }
  if (runs_model_server(context.plan)) {
    for (compute::Mount& mount : serving_mounts(context)) spec.mounts.push_back(std::move(mount));
  }
  spec.gpu_devices = context.plan.gpu_devices;
  const Status prepared = context.sandbox->prepare(spec);
  if (!prepared.ok()) return no_sandbox(prepared.error());
  for (const std::string& lack : context.sandbox->lacks()) context.notice(lack);

  const std::string base_folder = context.sandbox->job_root();
  CLARY_TRY(const ToolkitInput input, toolkit_input(context, base_folder));
  if (runs_model_server(context.plan)) {
    context.environment.variables = serving_variables(context, input);
  } else if (context.plan.container_command.empty()) {
    CLARY_TRY(context.environment, make_training_environment(input));
  } else {
    context.environment.variables = input.process_environment;
    context.environment.variables.insert(context.pip_settings.begin(), context.pip_settings.end());
  }
  for (const std::string& name : context.environment.kept_as_text) {
    context.log->add("Hyperparameter '" + name + "' is not JSON; its text is used as it is");
  }
  if (base_folder != "/opt/ml")
    CLARY_RETURN_IF_ERROR(make_folders(path_join(context.folder, "home"), 0777));
  return {};
}

}  // namespace clary::host
