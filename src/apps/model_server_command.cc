#include "apps/model_server_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "apps/environment_options.h"
#include "apps/heeded_signals.h"
#include "apps/model_server_program.h"
#include "apps/settings.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/client_commands.h"
#include "cli/unread_text.h"
#include "compute/resources.h"
#include "runtime/environments.h"
#include "serving/engine_plugin.h"
#include "serving/local_caller.h"

namespace clary::apps {
namespace {

struct Typed {
  std::string source;
  std::string data;
  std::string interpreter;
  std::string engine = "auto";
  std::string engine_folder;
  bool no_reload = false;
  bool no_access_log = false;
  bool access_log_pings = false;
  bool multi_model = false;
  std::string models_from;
  std::vector<std::string> model_roots;
  std::optional<std::int64_t> model_memory_mib;
  std::string management_token;
  serving::TypedOptions serving;
};

int fail(const Error& error, int status) {
  std::fprintf(stderr, "clary model-server: %s\n", error.message.c_str());
  return status;
}

// A virtual environment's folder stands for its interpreter.
std::string interpreter_of(const Typed& typed,
                           const std::map<std::string, std::string>& variables) {
  std::string chosen = typed.interpreter;
  const auto active = variables.find("VIRTUAL_ENV");
  if (chosen.empty() && active != variables.end()) chosen = active->second;
  if (chosen.empty()) return "python3";
  const std::string inside = path_join(chosen, "bin/python");
  if (exists(inside)) chosen = inside;
  // Workers have another working folder; a bare name is looked up on PATH.
  return chosen.find('/') == std::string::npos ? chosen : absolute_path(chosen);
}

// An engine belongs to an environment, which a path names.
std::string on_path(const std::string& chosen,
                    const std::map<std::string, std::string>& variables) {
  const auto path = variables.find("PATH");
  if (chosen.find('/') != std::string::npos || path == variables.end()) return chosen;
  for (const std::string_view folder : split(path->second, ':')) {
    const std::string candidate = path_join(std::string(folder), chosen);
    if (candidate.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return chosen;
}

// The name under which `clary environments` lists the interpreter's environment.
std::string environment_name(const std::string& data, const std::string& python,
                             const std::map<std::string, std::string>& variables) {
  const Result<Settings> settings = settings_of_server(data, "");
  if (!settings.ok()) return "NAME";
  const auto prefix = [](const std::string& path) {
    const std::string folder = folder_of(folder_of(path));
    return real_path(folder).value_or(folder);
  };
  runtime::Environments environments(environment_options(*settings, variables));
  for (const runtime::Environment& each : environments.list()) {
    if (!each.python.empty() && prefix(each.python) == prefix(python)) return each.name;
  }
  return "NAME, after: clary environments add NAME " + shell_quote(prefix(python));
}

Status check_interpreter(const std::string& chosen,
                         const std::map<std::string, std::string>& variables) {
  const auto runs = [](const std::string& file) {
    struct stat found{};
    return ::stat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
           ::access(file.c_str(), X_OK) == 0;
  };
  const auto path = variables.find("PATH");
  bool there = false;
  if (chosen.find('/') != std::string::npos) {
    there = runs(chosen);
  } else if (path == variables.end()) {
    return {};  // the system's own folders are looked through
  } else {
    for (const std::string_view folder : split(path->second, ':'))
      there = there || runs(path_join(std::string(folder), chosen));
  }
  if (there) return {};
  return invalid_argument("interpreter '" + chosen +
                          "': no program that can be run; name one, or the folder of a virtual "
                          "environment, with --interpreter");
}

constexpr const char* kSageMakersRoot = "/opt/ml/models";
constexpr std::int64_t kMostMemoryMib = 1 << 24;
constexpr std::uint64_t kMostTokenBytes = 4096;

// One line of a file that others may not read.
Result<std::string> read_token(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0 && (found.st_mode & 077U) != 0)
    return denied("--management-token '" + path + "': others may read it (chmod 600)");
  CLARY_TRY(const std::string text, read_file(path, kMostTokenBytes));
  const std::string token(trim(text));
  if (token.empty()) return invalid_argument("--management-token '" + path + "': it is empty");
  return token;
}

Result<std::optional<ManyModels>> many_of(const Typed& typed) {
  const bool told = !typed.models_from.empty() || !typed.model_roots.empty() ||
                    typed.model_memory_mib || !typed.management_token.empty();
  if (!typed.multi_model) {
    if (told)
      return invalid_argument(
          "--models-from, --model-root, --model-memory and --management-token are for "
          "--multi-model");
    if (typed.source.empty()) return invalid_argument("MODEL is wanted, or --multi-model");
    return std::optional<ManyModels>();
  }
  if (!typed.source.empty())
    return invalid_argument("'" + typed.source +
                            "': a server of many models gets none at its start; it loads from "
                            "below --models-from, or what POST /models names");
  ManyModels many;
  many.roots.from = typed.models_from;
  if (!many.roots.from.empty() && !many.roots.from.starts_with("s3://"))
    many.roots.from = absolute_path(many.roots.from);
  for (const std::string& folder : typed.model_roots)
    many.roots.folders.push_back(absolute_path(folder));
  if (many.roots.folders.empty()) many.roots.folders.emplace_back(kSageMakersRoot);
  const std::int64_t mib = typed.model_memory_mib.value_or(1);
  if (mib < 1 || mib > kMostMemoryMib)
    return invalid_argument("--model-memory: not a number of MiB above 0");
  // What is left is the system's, and this program's.
  many.memory_bytes = typed.model_memory_mib ? static_cast<std::uint64_t>(mib) << 20
                                             : compute::machine_resources().memory_bytes / 4 * 3;
  if (!typed.management_token.empty()) {
    CLARY_TRY(many.token, read_token(typed.management_token));
  }
  return std::optional<ManyModels>(std::move(many));
}

// Each of many models has one worker unless more are asked for.
serving::TypedOptions serving_of(const Typed& typed,
                                 const std::map<std::string, std::string>& variables) {
  serving::TypedOptions serving = typed.serving;
  const bool told = serving.workers || variables.contains("SAGEMAKER_MODEL_SERVER_WORKERS") ||
                    variables.contains("SAGEMAKER_TS_MAX_WORKERS");
  if (typed.multi_model && !told) serving.workers = "1";
  return serving;
}

Result<ModelServerPlan> plan_of(const Typed& typed) {
  const std::map<std::string, std::string> variables = cli::read_variables(environ);
  const auto lookup = [&variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  ModelServerPlan plan;
  plan.source = typed.source;
  CLARY_TRY(plan.many, many_of(typed));
  plan.data_folder =
      absolute_path(typed.data.empty() ? cli::default_data_folder(variables) : typed.data);
  plan.interpreter = interpreter_of(typed, variables);
  CLARY_RETURN_IF_ERROR(check_interpreter(plan.interpreter, variables));
  plan.engine_folder = typed.engine_folder;
  if (typed.engine == "torch-first") {
    plan.engine = EngineKind::kTorchFirst;
    plan.interpreter = on_path(plan.interpreter, variables);
  }
  if (typed.engine == "torch") {
    plan.engine = EngineKind::kTorch;
    plan.interpreter = on_path(plan.interpreter, variables);
    // Asking what it is called takes a look at interpreters; whoever has the engine needs it not.
    if (!exists(
            path_join(serving::engine_folder(plan.data_folder, plan.interpreter), "engine.json")))
      plan.environment = environment_name(plan.data_folder, plan.interpreter, variables);
  }
  plan.reload = !typed.no_reload;
  plan.access_log = !typed.no_access_log;
  plan.access_log_pings = typed.access_log_pings;
  plan.variables = variables;
  CLARY_TRY(plan.options, serving::read_serving_options(serving_of(typed, variables), lookup,
                                                        compute::usable_cpus().size()));
  if (!serving::is_local_address(plan.options.listen)) {
    return denied("listen '" + plan.options.listen +
                  "': a model server asks nobody who they are, so it listens on this machine only "
                  "(127.0.0.1, [::1], unix:PATH)");
  }
  return plan;
}

}  // namespace

int run_model_server(int argc, const char* const* argv) {
  Typed typed;
  serving::TypedOptions& serving = typed.serving;
  CLI::App app("Serves a model, or many, over HTTP: GET /ping, POST /invocations, GET /metrics.",
               "clary model-server");
  app.failure_message(cli::unread_text);
  app.add_option("MODEL", typed.source,
                 "A folder, a .tar.gz, .mar, .pt or .onnx, s3://BUCKET/KEY of such, or "
                 "s3://BUCKET/PREFIX/");
  app.add_flag("--multi-model", typed.multi_model,
               "Serves many models, loaded when they are asked for: POST /models, "
               "X-Amzn-SageMaker-Target-Model");
  app.add_option("--models-from", typed.models_from,
                 "s3://BUCKET/PREFIX/ or a folder: a model that is not loaded is looked for there");
  app.add_option("--model-root", typed.model_roots,
                 "A folder that POST /models may load from (default: /opt/ml/models)");
  app.add_option("--model-memory", typed.model_memory_mib,
                 "MiB that the models' workers may take together; the one that was used longest "
                 "ago makes room (default: three quarters of the machine's)");
  app.add_option("--management-token", typed.management_token,
                 "A file with the token of those who manage models; a Unix socket needs none");
  app.add_option("--listen", serving.listen,
                 "HOST:PORT of this machine, or unix:PATH; port 0 takes a free one (default: "
                 "127.0.0.1:8080)");
  app.add_option("--workers", serving.workers,
                 "Processes that run the model: a number, or auto: one per core (default: "
                 "$SAGEMAKER_MODEL_SERVER_WORKERS, else auto)");
  app.add_option("--interpreter", typed.interpreter,
                 "Python, or the folder of a virtual environment (default: $VIRTUAL_ENV, else "
                 "python3)");
  app.add_option("--engine", typed.engine,
                 "python, or torch: a TorchScript file or a package of torch.export without code "
                 "of its own, run in C++; torch-first: torch where it can, else python; auto is "
                 "python")
      ->check(CLI::IsMember({"auto", "python", "torch", "torch-first"}));
  app.add_option("--engine-folder", typed.engine_folder,
                 "Where the torch engine was built (default: in the data directory)");
  app.add_option("--max-payload-mb", serving.max_payload_mib,
                 "MiB of a body; larger ones are answered 413 (default: "
                 "$SAGEMAKER_MAX_PAYLOAD_IN_MB, else 64)");
  app.add_option("--timeout", serving.timeout_seconds,
                 "Seconds a request may take, waiting included (default: "
                 "$SAGEMAKER_MODEL_SERVER_TIMEOUT, else 60)");
  app.add_option("--queue", serving.queue,
                 "Requests that may wait; those beyond are answered 503 at once (default: 256)");
  app.add_option("--latency-limit", serving.latency_limit_ms,
                 "Milliseconds that a batch may take, 99 of 100 times; larger ones are not made "
                 "(default: none)");
  app.add_option("--data", typed.data,
                 "Data directory (default: $CLARY_DATA, else ~/.local/share/clary)");
  app.add_flag("--no-reload", typed.no_reload,
               "A folder's model is not loaded again when its files change");
  app.add_flag("--no-access-log", typed.no_access_log, "No line on standard output per request");
  app.add_flag("--access-log-pings", typed.access_log_pings,
               "A line for each ping that succeeds, too");
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  const Result<ModelServerPlan> plan = plan_of(typed);
  if (!plan.ok()) return fail(plan.error(), 2);
  // The torch plugin sets it too, when other threads may be looking at the environment.
  if (plan->engine != EngineKind::kPython) ::setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 0);
  const Fd signals = heeded_signals();
  const auto program = ModelServerProgram::start(*plan);
  if (!program.ok()) return fail(program.error(), 1);
  const std::string served = plan->many ? "many models" : "model '" + plan->source + "'";
  std::printf("clary model-server: listening on %s, %s, workers: %zu\n",
              (*program)->address().c_str(), served.c_str(), plan->options.workers);
  std::fflush(stdout);
  if (!wait_for_signal_or(signals, (*program)->failed())) return fail((*program)->failure(), 1);
  (*program)->stop();
  return 0;
}

}  // namespace clary::apps
