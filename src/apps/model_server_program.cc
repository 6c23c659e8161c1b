#include "apps/model_server_program.h"

#include <unistd.h>

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
#include "net/server.h"
#include "net/sockets.h"
#include "objects/aws_profile.h"
#include "objects/remote_s3_store.h"
#include "serving/live_model.h"
#include "serving/model_front.h"
#include "serving/model_source.h"
#include "serving/one_model.h"
#include "serving/python_engine.h"
#include "serving/scratch_folder.h"

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
        engine(python_of(plan, package_folder, model_folder, open_files), clock),
        model(std::make_shared<serving::LiveModel>(engine, model_options(plan.options), clock,
                                                   logger, metrics)),
        front({.models = models, .log = log, .clock = clock, .ids = ids},
              {.max_payload_bytes = plan.options.max_payload_bytes,
               .timeout = plan.options.timeout,
               .only_local_callers = !plan.options.listen.starts_with("unix:")}),
        server(front, logger) {
    models.set(model);
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
    for (const char* name : {"code/requirements.txt", "requirements.txt"}) {
      if (!exists(path_join(model_folder, name))) continue;
      logger.warning(std::string(name) + " is not installed: what it names must be there already",
                     {{"interpreter", plan.interpreter}});
    }
    if (!stop.stop_requested()) model->start();
  }

  SystemClock clock;
  Logger logger;
  RandomIds ids;
  serving::ScratchFolder scratch;
  serving::ModelMetrics metrics;
  serving::AccessLog log;
  serving::PythonEngine engine;
  std::shared_ptr<serving::LiveModel> model;
  serving::OneModel models{metrics};
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
  state_->model->drain(kDrainLimit);
  state_->model->stop();
  state_->server.stop(kCloseLimit);
  net::remove_dead_socket(state_->address);
  state_.reset();
}

}  // namespace clary::apps
