// What the code requires: installed once per key into an overlay of the environment, which itself
// is never written. What pip would replace in a container stands in the overlay, before the
// environment's own.
#include <unistd.h>

#include <map>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "host/asked_lines.h"
#include "host/failure.h"
#include "host/job_tree.h"
#include "host/output_pump.h"
#include "host/pip_settings.h"
#include "host/requirement_key.h"
#include "host/requirement_overlay.h"
#include "host/sandbox_spec.h"
#include "host/script_environment.h"
#include "host/serving_program.h"
#include "host/steps.h"
#include "host/supervision.h"

namespace clary::host {
namespace {

constexpr std::ptrdiff_t kPipWords = 3;  // python -m pip
constexpr Duration kUnpinnedFor = std::chrono::hours(24);
constexpr Duration kLockPause = std::chrono::milliseconds(200);

// Every package the interpreter sees, as constraints.
constexpr const char* kListPackages =
    "import importlib.metadata as m\n"
    "seen = {}\n"
    "for d in m.distributions():\n"
    "    n, v = d.metadata['Name'], d.version\n"
    "    if n and v: seen.setdefault(n.lower().replace('_', '-'), n + '==' + v)\n"
    "print('\\n'.join(sorted(seen.values())))\n";

// pip as `python -m pip`, but for one thing: what the environment has is not removed, since the
// overlay stands before it. A pip without that method (it is no public interface) is given the
// environment's versions as constraints: what asks for others then fails with pip's reason.
// Arguments: the constraints file, then pip's.
constexpr const char* kPip =
    "import sys\n"
    "constraints = sys.argv.pop(1)\n"
    "from pip._internal.cli.main import main\n"
    "try:\n"
    "    from pip._internal.resolution.resolvelib.factory import Factory\n"
    "    Factory.get_dist_to_uninstall\n"
    "    Factory.get_dist_to_uninstall = lambda self, candidate: None\n"
    "except (ImportError, AttributeError):\n"
    "    sys.argv += ['-c', constraints]\n"
    "sys.exit(main())\n";

// "torch==2.13.0", as the plan knows the environment.
Result<std::vector<std::string>> base_packages(const hostlink::PlanInterpreter& interpreter) {
  if (interpreter.packages.empty())
    return asked_lines({interpreter.python, "-I", "-c", kListPackages});
  std::vector<std::string> packages;
  for (const auto& [name, version] : interpreter.packages)
    packages.push_back(name + "==" + version);
  return packages;
}

struct Installation {
  const RequirementInput& input;
  std::string aside;
};

// "six==1.15.0 (in place of 1.17.0)", one word for each distribution.
std::string installed_text(const std::vector<std::string>& resolved,
                           const std::vector<std::string>& base_packages) {
  const auto parts = [](const std::string& package) {
    const std::size_t equal = package.find("==");
    return std::pair(to_lower(replace_all(package.substr(0, equal), "-", "_")),
                     equal == std::string::npos ? "" : package.substr(equal + 2));
  };
  std::map<std::string, std::string> base;
  for (const std::string& package : base_packages) base.insert(parts(package));
  std::vector<std::string> texts;
  for (const std::string& package : resolved) {
    const auto [name, version] = parts(package);
    const auto had = base.find(name);
    const bool replaces = had != base.end() && had->second != version;
    texts.push_back(replaces ? package + " (in place of " + had->second + ")" : package);
  }
  return join(texts, " ");
}

// Runs pip in a sandbox of its own, which may write `aside` only.
Result<std::optional<ScriptFailure>> run_pip(HostContext& context,
                                             const Installation& installation) {
  CLARY_TRY(const std::unique_ptr<compute::Sandbox> sandbox,
            context.services.make_sandbox(context.plan.sandbox));
  const std::string constraints = path_join(installation.aside, "constraints.txt");
  CLARY_RETURN_IF_ERROR(
      write_file_atomically(constraints, join(installation.input.base_packages, "\n") + "\n"));
  if (context.plan.run_as_uid && ::geteuid() == 0) {
    for (const std::string& path : {installation.aside, path_join(installation.aside, "prefix")}) {
      if (::chown(path.c_str(), *context.plan.run_as_uid, *context.plan.run_as_uid) != 0)
        return system_error("give away '" + path + "'");
    }
  }
  compute::SandboxSpec spec = sandbox_spec(context, "installer");
  spec.mounts.push_back(
      {.source = installation.aside, .target = installation.aside, .writable = true});
  std::map<std::string, std::string> settings =
      machine_pip_settings(context.plan.interpreter, context.plan.cache_folder);
  for (compute::Mount& mount : pip_setting_mounts(settings))
    spec.mounts.push_back(std::move(mount));
  for (const auto& [name, value] : context.plan.environment) {
    if (name.starts_with("PIP_")) settings[name] = value;
  }
  const Status prepared = sandbox->prepare(spec);
  if (!prepared.ok()) return no_sandbox(prepared.error());

  CLARY_TRY(const ToolkitInput input, toolkit_input(context, sandbox->job_root()));
  Variables variables = input.process_environment;
  variables.insert(settings.begin(), settings.end());
  variables["PIP_NO_CACHE_DIR"] = "1";
  variables["PIP_NO_INPUT"] = "1";
  variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  variables["PIP_NO_WARN_SCRIPT_LOCATION"] = "1";
  variables["PIP_ROOT_USER_ACTION"] = "ignore";
  const std::string code = std::string(kContainerBase) + context.code_folder;
  CLARY_TRY(const std::unique_ptr<OutputPump> pump,
            OutputPump::start(*context.log, *context.services.clock, code));
  compute::ProcessSpec process{.environment = {variables.begin(), variables.end()},
                               .working_folder = code,
                               .stdout_fd = pump->stdout_fd(),
                               .stderr_fd = pump->stderr_fd()};
  std::vector<std::string> shown = {installation.input.python};
  shown.insert(shown.end(), installation.input.arguments.begin(),
               installation.input.arguments.end());
  process.argv = {installation.input.python, "-c", kPip, constraints};
  process.argv.insert(process.argv.end(), shown.begin() + kPipWords, shown.end());
  process.argv.insert(process.argv.end(), {"--prefix", path_join(installation.aside, "prefix")});
  CLARY_RETURN_IF_ERROR(settle_network(context));
  CLARY_TRY(const std::unique_ptr<compute::SandboxedProcess> pip, sandbox->spawn(process));
  pump->close_writers();
  CLARY_TRY(const Supervision seen,
            supervise(*pip, context.stop,
                      {.max_runtime = runtime_limit(context.plan.max_runtime_seconds),
                       .stop_grace = std::chrono::seconds(5)},
                      *context.services.clock, [](StopCause) {}));
  pump->finish(OutputPump::kPatience);
  static_cast<void>(sandbox->destroy());
  if (seen.stopped_by != StopCause::kNone)
    return cancelled("the job was stopped while its requirements were installed");
  if (seen.status.code == 0 && seen.status.signal == 0) return std::optional<ScriptFailure>();
  const bool package = context.entry_point == EntryPointKind::kPythonPackage;
  const std::string first_error = pump->first_error();
  return std::optional(
      ScriptFailure{.kind = package ? "InstallModuleError" : "InstallRequirementsError",
                    .status = seen.status,
                    .error_message = joined_error_lines(pump->out_errors(), pump->err_errors()),
                    .place = "",
                    .last_line = first_error.empty() ? pump->traceback().last_line() : first_error,
                    .command = shown});
}

void attach(HostContext& context, RequirementOverlay overlay) {
  context.requirement_folders = overlay.site_folders;
  context.program_folders = overlay.program_folders;
  context.mounts.push_back({.source = overlay.folder, .target = overlay.folder});
  context.requirements_in_use = std::move(overlay.in_use);
}

// Under the key's lock. Sets the outcome when pip fails.
Status install(HostContext& context, const RequirementInput& input, const RequirementCache& cache,
               const RequirementKey& key) {
  context.log->say(input.arguments[3] == "." ? "Installing module."
                                             : "Installing dependencies from requirements.txt");
  CLARY_TRY(const std::string aside, cache.begin(key.key));
  const Result<std::optional<ScriptFailure>> failure =
      run_pip(context, {.input = input, .aside = aside});
  if (!failure.ok() || *failure) {
    static_cast<void>(remove_tree(aside));
    if (!failure.ok()) return failure.error();
    context.outcome = failed_outcome(context.mask.masked(failure_reason(**failure)));
    if (runs_model_server(context.plan)) {
      context.log->say("Reporting FAILURE\n" + context.outcome->failure);
      return {};
    }
    context.log->say("Reporting training FAILURE\n" + context.outcome->failure);
    return write_inside(context.job_folder, "output/failure", failure_text(**failure));
  }
  CLARY_TRY(RequirementOverlay overlay,
            cache.finish(key.key, aside, context.services.clock->now()));
  context.log->say("Installed for this job: " +
                   (overlay.resolved.empty()
                        ? "nothing, the environment has it all"
                        : installed_text(overlay.resolved, input.base_packages)));
  attach(context, std::move(overlay));
  return {};
}

}  // namespace

Status install_requirements(HostContext& context) {
  context.requirement_folders.clear();
  context.program_folders.clear();
  context.requirements_in_use.close();
  if (!context.plan.container_command.empty()) return {};  // the program's own business
  const std::string code = path_join(context.job_folder, context.code_folder);
  RequirementInput input{.code_folder = code,
                         .arguments = install_arguments(
                             context.entry_point, exists(path_join(code, "requirements.txt"))),
                         .python = context.plan.interpreter.python,
                         .python_version = context.plan.interpreter.python_version};
  if (input.arguments.empty()) return {};
  input.pip_settings = pip_setting_texts(context.plan.interpreter);
  for (const auto& [name, value] : context.plan.environment) {
    if (name.starts_with("PIP_")) input.pip_settings[name] = value;
  }
  CLARY_TRY(input.base_packages, base_packages(context.plan.interpreter));
  CLARY_TRY(const RequirementKey key, requirement_key(input));
  const RequirementCache cache(context.plan.cache_folder);
  std::optional<TimePoint> oldest;
  if (!key.all_pinned) oldest = context.services.clock->now() - kUnpinnedFor;
  for (;;) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    CLARY_TRY(std::optional<RequirementOverlay> found,
              cache.find(key.key, oldest, context.services.clock->now()));
    if (found) {
      context.log->say("Requirements are installed already: " +
                       installed_text(found->resolved, input.base_packages));
      attach(context, *std::move(found));
      return {};
    }
    const Result<Fd> lock = cache.lock(key.key);
    if (lock.ok()) return install(context, input, cache, key);
    if (lock.error().code != ErrorCode::kUnavailable) return lock.error();
    context.services.pause(kLockPause);
  }
}

}  // namespace clary::host
