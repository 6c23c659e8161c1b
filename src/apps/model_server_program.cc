#include "apps/model_server_program.h"

#include <unistd.h>

#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "apps/embedded_files.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/open_files.h"
#include "base/pipe.h"
#include "base/strings.h"
#include "net/server.h"
#include "net/sockets.h"
#include "objects/aws_profile.h"
#include "objects/remote_s3_store.h"
#include "serving/live_model.h"
#include "serving/model_front.h"
#include "serving/model_source.h"
#include "serving/python_engine.h"
#include "serving/scratch_folder.h"
#include "serving/torch_engine.h"

namespace clary::apps {
namespace {

// Together below the 30 seconds that SageMaker leaves between SIGTERM and SIGKILL.
constexpr Duration kDrainLimit = std::chrono::seconds(25);
constexpr Duration kCloseLimit = std::chrono::seconds(1);

using Map = std::map<std::string, std::string>;

std::string value_of(const Map& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Where the AWS clients of this machine would look.
Result<std::unique_ptr<objects::ObjectStore>> open_store(const Map& variables, const Clock& clock) {
  std::string region = value_of(variables, "AWS_REGION");
  if (region.empty()) region = value_of(variables, "AWS_DEFAULT_REGION");
  if (region.empty()) region = "us-east-1";
  std::string endpoint = value_of(variables, "AWS_ENDPOINT_URL_S3");
  if (endpoint.empty()) endpoint = value_of(variables, "AWS_ENDPOINT_URL");
  if (endpoint.empty()) endpoint = "https://s3." + region + ".amazonaws.com";
  objects::RemoteAccess access{
      .endpoint = endpoint,
      .region = Region(region),
      .credentials = objects::aws_credentials(
          "", [variables](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
          })};
  access.reached.client.ca_file = value_of(variables, "AWS_CA_BUNDLE");
  access.retry.give_up_after = std::chrono::seconds(20);
  return objects::open_remote_store(std::move(access), clock);
}

// The server's own variables, and as many threads for the numeric libraries as each worker has
// cores, unless they are named.
std::vector<std::string> worker_environment(const ModelServerPlan& plan,
                                            const std::string& model_folder) {
  Map variables = plan.variables;
  const std::string threads = std::to_string(plan.options.threads_per_worker);
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"})
    variables.emplace(name, threads);
  variables.emplace("SM_MODEL_DIR", model_folder);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

Fd standard_output() {
  Fd own(STDOUT_FILENO);
  Result<Fd> out = own.duplicate();
  static_cast<void>(own.release());
  return out.ok() ? std::move(*out) : Fd();
}

serving::PythonProgram python_of(const ModelServerPlan& plan, const std::string& package_folder,
                                 const std::string& model_folder, std::uint64_t open_files) {
  return {.interpreter = plan.interpreter,
          .package_folder = package_folder,
          .model_folder = model_folder,
          .environment = worker_environment(plan, model_folder),
          .open_files = open_files};
}

// The variable's number; nothing where it is none.
std::optional<std::size_t> threads_asked_for(const Map& variables) {
  const auto number = parse_int(value_of(variables, "OMP_NUM_THREADS"));
  return number && *number > 0 ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

std::unique_ptr<serving::Engine> make_engine(const ModelServerPlan& plan,
                                             const std::string& package_folder,
                                             const std::string& model_folder,
                                             std::uint64_t open_files, const Clock& clock,
                                             const Logger& logger) {
  if (plan.engine == EngineKind::kPython)
    return std::make_unique<serving::PythonEngine>(
        python_of(plan, package_folder, model_folder, open_files), clock);
  const std::string accept = value_of(plan.variables, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT");
  serving::TorchEngineOptions options{
      .plugin_folder = serving::engine_folder(plan.data_folder, plan.interpreter),
      .environment = plan.environment,
      .model_folder = model_folder,
      .device = "",
      .lanes = plan.options.workers,
      .most_threads = plan.options.threads_per_worker,
      .threads = threads_asked_for(plan.variables)};
  if (!accept.empty()) options.default_accept = accept;
  return std::make_unique<serving::TorchEngine>(std::move(options), clock, logger);
}

serving::LiveModelOptions model_options(const serving::ServingOptions& options) {
  return {.lanes = options.workers,
          .queue = {.waiting = options.queue},
          .most_in_batch = options.most_in_batch,
          .load_limit = options.load_timeout};
}

}  // namespace

// In the order of their making; each uses those above it.
struct ModelServerProgram::State {
  State(const ModelServerPlan& plan, serving::ScratchFolder scratch_used,
        const std::string& package_folder, const std::string& model_folder,
        std::uint64_t open_files)
      : scratch(std::move(scratch_used)),
        log(plan.access_log ? standard_output() : Fd(), clock),
        engine(make_engine(plan, package_folder, model_folder, open_files, clock, logger)),
        model(*engine, model_options(plan.options), clock, logger, metrics),
        front(model, metrics, log, clock, ids,
              {.max_payload_bytes = plan.options.max_payload_bytes,
               .timeout = plan.options.timeout,
               .only_local_callers = !plan.options.listen.starts_with("unix:")}),
        server(front, logger) {
    front.counters = [this] { return server.counters(); };
  }

  void load(const ModelServerPlan& plan, const std::string& model_folder,
            const std::stop_token& stop) {
    const auto opener = [&] { return open_store(plan.variables, clock); };
    const Status staged = serving::stage_model(plan.source, model_folder, opener, stop);
    if (!staged.ok()) {
      failure = staged.error();
      failed.writer.close();
      return;
    }
    if (exists(path_join(model_folder, "code/requirements.txt"))) {
      logger.warning("code/requirements.txt is not installed: what it names must be there already",
                     {{"interpreter", plan.interpreter}});
    }
    if (!stop.stop_requested()) model.start();
  }

  SystemClock clock;
  Logger logger;
  RandomIds ids;
  serving::ScratchFolder scratch;
  serving::ModelMetrics metrics;
  serving::AccessLog log;
  std::unique_ptr<serving::Engine> engine;
  serving::LiveModel model;
  serving::ModelFront front;
  net::Server server;
  std::uint64_t listener = 0;
  std::string address;
  Pipe failed;
  Error failure;        // written before the pipe is closed
  std::jthread loader;  // fetches the model, then begins to load it
};

Result<std::unique_ptr<ModelServerProgram>> ModelServerProgram::start(const ModelServerPlan& plan) {
  // Workers have again what this process had: programs that use select(2) break beyond 1024.
  const std::uint64_t open_files = raise_open_files();
  RandomIds ids;
  CLARY_TRY(Fd socket, net::listen_on(plan.options.listen));
  CLARY_TRY(const std::string bound, net::bound_address(socket));
  CLARY_TRY(const std::string package_folder, unpack_python(plan.data_folder));
  CLARY_TRY(serving::ScratchFolder scratch,
            serving::ScratchFolder::make_in(path_join(plan.data_folder, "model-server"), ids));
  const std::string model_folder = serving::staged_folder(plan.source, scratch.path());
  auto state =
      std::make_unique<State>(plan, std::move(scratch), package_folder, model_folder, open_files);
  CLARY_TRY(state->failed, make_pipe());
  CLARY_TRY(state->listener, state->server.adopt(std::move(socket), net::kMainListener));
  state->address = bound.starts_with("unix:") ? bound : "http://" + bound;
  state->loader =
      std::jthread([state = state.get(), plan, model_folder](const std::stop_token& stop) {
        state->load(plan, model_folder, stop);
      });
  return std::unique_ptr<ModelServerProgram>(new ModelServerProgram(std::move(state)));
}

ModelServerProgram::ModelServerProgram(std::unique_ptr<State> state) : state_(std::move(state)) {}

ModelServerProgram::~ModelServerProgram() { stop(); }

const Fd& ModelServerProgram::failed() const { return state_->failed.reader; }

Error ModelServerProgram::failure() const { return state_->failure; }

const std::string& ModelServerProgram::address() const { return state_->address; }

void ModelServerProgram::stop() {
  if (state_ == nullptr) return;
  state_->loader.request_stop();
  if (state_->loader.joinable()) state_->loader.join();
  state_->server.close_listener(state_->listener);
  state_->model.drain(kDrainLimit);
  state_->model.stop();
  state_->server.stop(kCloseLimit);
  net::remove_dead_socket(state_->address);
  state_.reset();
}

}  // namespace clary::apps
