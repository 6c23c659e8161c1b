#include "apps/client_tools.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "apps/embedded_files.h"
#include "apps/root_key.h"
#include "base/files.h"
#include "compute/sandbox.h"
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
    const auto found = environment.interpreter.packages.find(framework);
    if (found != environment.interpreter.packages.end()) row.packages.emplace_back(*found);
  }
  return row;
}

Result<EnvironmentRow> to_row(const Result<runtime::Environment>& environment) {
  if (!environment.ok()) return environment.error();
  return to_row(*environment);
}

// What the commands know of the machine's variables decides the default, as it does for the server.
class EnvironmentsOf {
 public:
  explicit EnvironmentsOf(const std::map<std::string, std::string>& variables)
      : virtual_env_(value(variables, "VIRTUAL_ENV")), path_(value(variables, "PATH")) {}

  runtime::Environments operator()(const std::string& data) const {
    runtime::EnvironmentsOptions options;
    options.data_folder = data;
    options.virtual_env = virtual_env_;
    options.path = path_;
    return runtime::Environments(std::move(options));
  }

 private:
  static std::string value(const std::map<std::string, std::string>& variables, const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  }

  std::string virtual_env_;
  std::string path_;
};

cli::EnvironmentTools environment_tools(const EnvironmentsOf& of) {
  cli::EnvironmentTools tools;
  tools.list = [of](const std::string& data) -> Result<std::vector<EnvironmentRow>> {
    std::vector<EnvironmentRow> rows;
    for (const runtime::Environment& environment : of(data).list())
      rows.push_back(to_row(environment));
    return rows;
  };
  tools.probe = [of](const std::string& data, const std::string& name) {
    return to_row(of(data).probe(name));
  };
  tools.add = [of](const std::string& data, const std::string& name, const std::string& python) {
    return to_row(of(data).add(name, python));
  };
  tools.create = [of](const std::string& data, const std::string& name,
                      const std::vector<std::string>& packages,
                      const std::function<void(std::string_view)>& on_output) {
    runtime::NewEnvironment wanted;
    wanted.name = name;
    wanted.packages = packages;
    wanted.on_output = on_output;
    return to_row(of(data).create(wanted));
  };
  tools.remove = [of](const std::string& data, const std::string& name) {
    return of(data).remove(name);
  };
  return tools;
}

Finding probe_sandbox(const std::string&) {
  Finding finding{.subject = "bubblewrap", .found = "runs: jobs are confined"};
  if (const Status probed = compute::probe_bubblewrap(); !probed.ok()) {
    finding.state = Finding::State::kBroken;
    finding.found = probed.error().message;
    finding.mend =
        "apt-get install bubblewrap; else as its message says; without confinement: sandbox = "
        "\"process\"";
  }
  return finding;
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
  tools.environments = environment_tools(EnvironmentsOf(tools.variables));
  tools.probes.emplace_back(probe_sandbox);
  tools.other_commands = {{"serve", "runs the server in the foreground"}};
  if (auto program = real_path("/proc/self/exe"); program.ok()) tools.program = std::move(*program);
  return tools;
}

}  // namespace clary::apps
