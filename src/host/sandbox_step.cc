// The sandbox around the script, and the environment that names what is in it.
#include "base/files.h"
#include "host/sandbox_spec.h"
#include "host/script_environment.h"
#include "host/steps.h"

namespace clary::host {

compute::SandboxSpec sandbox_spec(const HostContext& context, std::string_view name) {
  const hostlink::HostPlan& plan = context.plan;
  compute::SandboxSpec spec;
  spec.folder = context.path(name);
  spec.hostname = plan.host;
  spec.hosts = plan.hosts;
  spec.job_folder = context.job_folder;
  for (const std::string& prefix : plan.interpreter.prefixes)
    spec.mounts.push_back({.source = prefix, .target = prefix});
  if (context.network != nullptr) {
    spec.network_namespace = context.network->network_namespace();
    spec.user_namespace = context.network->user_namespace();
  }
  spec.memory_limit_bytes = plan.memory_bytes;
  spec.run_as_uid = plan.run_as_uid;
  return spec;
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
  spec.gpu_devices = context.plan.gpu_devices;
  const Status prepared = context.sandbox->prepare(spec);
  if (!prepared.ok()) return prepared.error().within("sandbox '" + context.plan.sandbox + "'");
  for (const std::string& lack : context.sandbox->lacks()) context.notice(lack);

  const std::string base_folder = context.sandbox->job_root();
  CLARY_TRY(const ToolkitInput input, toolkit_input(context, base_folder));
  if (context.plan.container_command.empty()) {
    CLARY_TRY(context.environment, make_training_environment(input));
  } else {
    context.environment.variables = input.process_environment;
  }
  for (const std::string& name : context.environment.kept_as_text) {
    context.log->add("Hyperparameter '" + name + "' is not JSON; its text is used as it is");
  }
  if (base_folder != "/opt/ml")
    CLARY_RETURN_IF_ERROR(make_folders(path_join(context.folder, "home"), 0777));
  return {};
}

}  // namespace clary::host
