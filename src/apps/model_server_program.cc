#include "apps/model_server_program.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>

#include "apps/embedded_files.h"
#include "apps/served_unit.h"
#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/open_files.h"
#include "base/pipe.h"
#include "net/server.h"
#include "net/sockets.h"
#include "serving/model_front.h"
#include "serving/model_manager.h"
#include "serving/model_reload.h"
#include "serving/model_source.h"
#include "serving/models_api.h"
#include "serving/one_model.h"

namespace clary::apps {
namespace {

// Together below the 30 seconds that SageMaker leaves between SIGTERM and SIGKILL.
constexpr Duration kDrainLimit = std::chrono::seconds(25);
// Answers in pieces, each of which waits for its next one: a thread each.
constexpr std::size_t kWaitingStreams = 256;
constexpr Duration kCloseLimit = std::chrono::seconds(1);
constexpr Duration kReloadLook = std::chrono::seconds(1);

Fd standard_output() {
  Fd own(STDOUT_FILENO);
  Result<Fd> out = own.duplicate();
  static_cast<void>(own.release());
  return out.ok() ? std::move(*out) : Fd();
}

serving::ManagerOptions manager_options(const ModelServerPlan& plan) {
  return {.roots = plan.many->roots,
          .memory_bytes = plan.many->memory_bytes,
          .workers = plan.options.workers,
          .waiting = plan.options.queue,
          .load_limit = plan.options.load_timeout};
}

bool is_watched(const ModelServerPlan& plan) {
  return !plan.many && plan.reload && serving::staged_folder(plan.source, "") == plan.source;
}

serving::FrontOptions front_options(const ModelServerPlan& plan) {
  return {.max_payload_bytes = plan.options.max_payload_bytes,
          .timeout = plan.options.timeout,
          .only_local_callers = !plan.options.listen.starts_with("unix:"),
          .log_pings = plan.access_log_pings};
}

}  // namespace

// In the order of their making; each uses those above it.
struct ModelServerProgram::State {
  State(const ModelServerPlan& plan_used, const std::string& package_folder,
        std::uint64_t open_files)
      : plan(plan_used),
        log(plan.access_log ? standard_output() : Fd(), clock),
        fetcher({.plan = plan,
                 .package_folder = package_folder,
                 .open_files = open_files,
                 .clock = clock,
                 .logger = logger,
                 .ids = ids,
                 .metrics = plan.many ? nullptr : &metrics}),
        many(plan.many ? std::make_unique<serving::ModelManager>(fetcher, manager_options(plan),
                                                                 clock, logger)
                       : nullptr),
        api(plan.many
                ? std::make_unique<serving::ModelsApi>(
                      *many,
                      serving::ManagementAccess{.open = plan.options.listen.starts_with("unix:"),
                                                .token = plan.many->token})
                : nullptr),
        reload(is_watched(plan)
                   ? std::make_unique<serving::ModelReload>(
                         one, fetcher,
                         serving::ReloadOptions{.source = plan.source,
                                                .load_limit = plan.options.load_timeout},
                         clock, logger)
                   : nullptr),
        front({.models = shelf(), .log = log, .clock = clock, .ids = ids}, front_options(plan)),
        server(front, logger, {.waiting_threads = kWaitingStreams}) {
    front.many = api.get();
    front.counters = [this] { return server.counters(); };
  }

  serving::ModelShelf& shelf() {
    if (many != nullptr) return *many;
    return one;
  }

  void load_first(const std::stop_token& stop) {
    Result<std::shared_ptr<serving::ModelUnit>> fetched = fetcher.fetch(plan.source, stop);
    if (!fetched.ok()) {
      failure = fetched.error();
      failed.writer.close();
      return;
    }
    one.set({*fetched, &(*fetched)->live()});
    if (stop.stop_requested()) return;
    (*fetched)->live().start();
    if (reload == nullptr) return;
    watch = std::make_unique<Loop>("model-reload", kReloadLook,
                                   [this](const std::stop_token& end) { reload->look(end); });
  }

  const ModelServerPlan plan;
  SystemClock clock;
  Logger logger;
  RandomIds ids;
  serving::ModelMetrics metrics;
  serving::AccessLog log;
  UnitFetcher fetcher;
  serving::OneModel one{metrics};
  std::unique_ptr<serving::ModelManager> many;
  std::unique_ptr<serving::ModelsApi> api;
  std::unique_ptr<serving::ModelReload> reload;  // null: nothing is looked for
  serving::ModelFront front;
  net::Server server;
  std::uint64_t listener = 0;
  std::string address;
  Pipe failed;
  Error failure;  // written before the pipe is closed
  std::unique_ptr<Loop> watch;
  std::jthread loader;  // fetches the model, begins to load it, then the watch
};

Result<std::unique_ptr<ModelServerProgram>> ModelServerProgram::start(const ModelServerPlan& plan) {
  // Workers have again what this process had: programs that use select(2) break beyond 1024.
  const std::uint64_t open_files = raise_open_files();
  CLARY_TRY(Fd socket, net::listen_on(plan.options.listen));
  CLARY_TRY(const std::string bound, net::bound_address(socket));
  CLARY_TRY(const std::string package_folder, unpack_python(plan.data_folder));
  auto state = std::make_unique<State>(plan, package_folder, open_files);
  CLARY_TRY(state->failed, make_pipe());
  CLARY_TRY(state->listener, state->server.adopt(std::move(socket), net::kMainListener));
  state->address = bound.starts_with("unix:") ? bound : "http://" + bound;
  if (!plan.many) {
    state->loader = std::jthread(
        [state = state.get()](const std::stop_token& stop) { state->load_first(stop); });
  }
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
  state_->watch.reset();
  const Duration drained = state_->clock.steady() + kDrainLimit;
  if (const auto model = state_->one.get()) {
    model->drain(kDrainLimit);
    model->stop();
  }
  if (state_->reload != nullptr)
    state_->reload->drain(std::max(drained - state_->clock.steady(), Duration(0)));
  if (state_->many != nullptr) state_->many->stop(kDrainLimit);
  state_->server.stop(kCloseLimit);
  net::remove_dead_socket(state_->address);
  state_.reset();
}

}  // namespace clary::apps
