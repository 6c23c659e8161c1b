#include "apps/client_tools.h"

#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <utility>

#include "apps/backup.h"
#include "apps/data_folder.h"
#include "apps/embedded_files.h"
#include "apps/engine_builder.h"
#include "apps/environment_options.h"
#include "apps/job_probes.h"
#include "apps/root_key.h"
#include "apps/settings.h"
#include "base/files.h"
#include "cli/last_address.h"
#include "cli/machine_probes.h"
#include "compute/exec_in_job.h"
#include "compute/gang_files.h"
#include "runtime/environments.h"

namespace clary::apps {
namespace {

using cli::EnvironmentRow;
using cli::Finding;

// Of all that an interpreter has, what images are told apart by.
constexpr std::array<const char*, 8> kFrameworks = {"torch",        "tensorflow",   "xgboost",
                                                    "scikit-learn", "transformers", "mxnet",
                                                    "lightgbm",     "sagemaker"};

EnvironmentRow to_row(const runtime::Environment& environment) {
  EnvironmentRow row{.name = environment.name,
                     .origin = environment.origin,
                     .python = environment.python,
                     .version = environment.interpreter.python_version,
                     .packages = {},
                     .problem = environment.problem};
  for (const char* framework : kFrameworks) {
    if (const auto found = runtime::installed_package(environment.interpreter, framework))
      row.packages.emplace_back(found->name, found->version);
  }
  return row;
}

Result<EnvironmentRow> to_row(const Result<runtime::Environment>& environment) {
  if (!environment.ok()) return environment.error();
  return to_row(*environment);
}

// The server's settings and what the commands know of the machine's variables decide the default,
// as they do for the server.
class EnvironmentsOf {
 public:
  explicit EnvironmentsOf(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  Result<std::unique_ptr<runtime::Environments>> operator()(const cli::Site& site) const {
    CLARY_TRY(const Settings settings, settings_of_server(site.data, site.config));
    return std::make_unique<runtime::Environments>(environment_options(settings, variables_));
  }
  std::string variable(const std::string& name) const { return cli::variable(variables_, name); }

 private:
  std::map<std::string, std::string> variables_;
};

cli::EnvironmentTools environment_tools(const EnvironmentsOf& of) {
  cli::EnvironmentTools tools;
  tools.list = [of](const cli::Site& site) -> Result<std::vector<EnvironmentRow>> {
    CLARY_TRY(const auto environments, of(site));
    std::vector<EnvironmentRow> rows;
    for (const runtime::Environment& environment : environments->list())
      rows.push_back(to_row(environment));
    return rows;
  };
  tools.probe = [of](const cli::Site& site, const std::string& name) -> Result<EnvironmentRow> {
    CLARY_TRY(const auto environments, of(site));
    return to_row(environments->probe(name));
  };
  tools.add = [of](const cli::Site& site, const std::string& name,
                   const std::string& python) -> Result<EnvironmentRow> {
    CLARY_TRY(const auto environments, of(site));
    return to_row(environments->add(name, python));
  };
  tools.create =
      [of](const cli::Site& site, const std::string& name, const std::vector<std::string>& packages,
           const std::function<void(std::string_view)>& on_output) -> Result<EnvironmentRow> {
    CLARY_TRY(const auto environments, of(site));
    runtime::NewEnvironment wanted;
    wanted.name = name;
    wanted.packages = packages;
    wanted.on_output = on_output;
    return to_row(environments->create(wanted));
  };
  tools.remove = [of](const cli::Site& site, const std::string& name) -> Status {
    CLARY_TRY(const auto environments, of(site));
    return environments->remove(name);
  };
  tools.build_engine =
      [of](const cli::Site& site, const std::string& name,
           const std::function<void(std::string_view)>& on_output) -> Result<cli::EngineRow> {
    CLARY_TRY(const auto environments, of(site));
    CLARY_TRY(const runtime::Environment environment, environments->probe(name));
    if (!environment.problem.empty())
      return invalid_argument("environment '" + name + "': " + environment.problem);
    CLARY_TRY(const BuiltEngine built, build_engine({.data_folder = site.data,
                                                     .environment = name,
                                                     .python = environment.interpreter.python,
                                                     .compiler = of.variable("CXX"),
                                                     .on_output = on_output}));
    return cli::EngineRow{.environment = name, .library = built.library, .torch = built.torch};
  };
  return tools;
}

Finding probe_settings(const cli::Site& site) {
  Finding finding{.subject = "settings"};
  const Result<Settings> settings = settings_of_server(site.data, site.config);
  if (!settings.ok()) {
    finding.state = Finding::State::kBroken;
    finding.found = settings.error().message;
    finding.mend = "correct it; `clary serve --print-config` prints every setting";
  } else {
    finding.found = settings->file.empty() ? "the defaults: no clary.toml" : settings->file;
  }
  return finding;
}

Finding probe_server(const cli::Site& site) {
  const Settings settings = settings_of_server(site.data, site.config).value_or(Settings());
  // Where `clary up` starts it.
  const std::string earlier = cli::last_address(site.data);
  const bool as_before = !settings.lines.contains("listen") && !earlier.empty();
  return cli::probe_port(site.data, as_before ? earlier : settings.listen);
}

Finding probe_format(const cli::Site& site) {
  Finding finding{.subject = "data format", .found = "none yet: no server has started there"};
  const Status format = check_data_format(site.data);
  if (format.ok()) finding.found = "one that this release reads";
  if (format.ok() || format.error().code == ErrorCode::kNotFound) return finding;
  finding.state = Finding::State::kBroken;
  finding.found = format.error().message;
  finding.mend = "choose another directory with --data DIR or CLARY_DATA";
  return finding;
}

Result<int> enter_job(const std::string& data, const std::string& gang,
                      const std::vector<std::string>& argv,
                      const std::map<std::string, std::string>& variables) {
  const std::string folder = path_join(data, "gangs/" + gang + "/algo-1");
  const auto mark = compute::read_mark(path_join(folder, "script.pid"));
  if (!mark.ok() && mark.error().code != ErrorCode::kNotFound) return mark.error();
  if (!mark.ok() || !compute::is_running(*mark))
    return conflict("no script runs now; its events are shown by `clary describe`");
  const auto terminal = variables.find("TERM");
  return compute::exec_in_job(
      {.pid = mark->pid,
       .argv = argv,
       .terminal_type = terminal == variables.end() ? "" : terminal->second});
}

}  // namespace

cli::Tools client_tools(const Clock& clock) {
  cli::Tools tools;
  tools.clock = &clock;
  tools.version = CLARY_VERSION;
  tools.variables = cli::read_variables(::environ);
  tools.root_key = [](const std::string& data) -> Result<cli::KeyPair> {
    CLARY_TRY(RootKey key, read_root_key(data));
    return cli::KeyPair{.id = std::move(key.id), .secret = std::move(key.secret)};
  };
  tools.client_hook = [](const std::string& data) -> Result<std::string> {
    CLARY_TRY(const std::string folder, unpack_python(data));
    return path_join(folder, "clary_hook");
  };
  tools.settings = [](const cli::Site& site) -> Result<cli::Tools::SettingsSeen> {
    CLARY_TRY(const Settings settings, settings_of_server(site.data, site.config));
    return cli::Tools::SettingsSeen{.name_listen = settings.lines.contains("listen")};
  };
  tools.storage = storage_tools();
  tools.environments = environment_tools(EnvironmentsOf(tools.variables));
  tools.enter_job = [variables = tools.variables](const std::string& data, const std::string& gang,
                                                  const std::vector<std::string>& argv) {
    return enter_job(data, gang, argv, variables);
  };
  tools.probes = {probe_format,  probe_settings, probe_server, probe_programs,
                  probe_way_out, probe_sandbox,  probe_network};
  tools.other_commands = {{"serve", "runs the server in the foreground"},
                          {"model-server", "serves one model over HTTP, in the foreground"}};
  if (auto program = real_path("/proc/self/exe"); program.ok()) tools.program = std::move(*program);
  return tools;
}

}  // namespace clary::apps
