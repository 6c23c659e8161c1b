#include "apps/job_runtime.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "apps/environment_options.h"
#include "base/files.h"
#include "cli/client_commands.h"
#include "compute/local_backend.h"
#include "serving/engine_plugin.h"

namespace clary::apps {
namespace {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

runtime::EnvironmentsOptions server_environments(const JobRuntimeParts& parts) {
  runtime::EnvironmentsOptions options =
      environment_options(parts.settings, cli::read_variables(::environ));
  options.data_folder = parts.folder.path();
  return options;
}

// Jobs that share cores have none of their own.
bool keeps_to_cores(const Settings& settings) {
  return settings.limit_cpus && settings.overcommit == 1;
}

runtime::PlanSettings plan_settings(const JobRuntimeParts& parts) {
  runtime::PlanSettings settings;
  settings.data_folder = parts.folder.path();
  settings.program = real_path("/proc/self/exe").value_or("clary");
  settings.region = Region(parts.settings.region);
  settings.account = AccountId(parts.settings.account);
  settings.server_endpoint = parts.server_endpoint;
  settings.ca_file = parts.ca_file;
  settings.sandbox = parts.settings.sandbox;
  settings.network = parts.settings.network;
  settings.machine = compute::machine_resources();
  settings.instance_types = compute::instance_type_resources;
  settings.engine_of = [data = settings.data_folder](const std::string& python) {
    const std::string folder = serving::engine_folder(data, python);
    return exists(path_join(folder, "engine.json")) ? folder : std::string();
  };
  if (::geteuid() == 0) settings.run_as_uid = static_cast<std::uint32_t>(parts.settings.job_uid);
  settings.credentials_as_variables = parts.settings.credentials_as_variables;
  settings.max_processes = parts.settings.max_processes;
  settings.max_disk_bytes = static_cast<std::uint64_t>(parts.settings.max_disk_gib) << 30U;
  settings.max_log_lines = parts.settings.max_log_lines;
  settings.kept_bytes = parts.settings.kept_bytes();
  settings.kept_seconds = parts.settings.kept_days * 86'400;
  settings.filesystems = parts.settings.filesystems;
  settings.stop_grace_seconds = parts.settings.stop_grace_seconds;
  settings.limit_cpus = keeps_to_cores(parts.settings);
  return settings;
}

compute::LocalBackendOptions backend_options(const JobRuntimeParts& parts, std::string gangs) {
  compute::LocalBackendOptions options{.gangs_folder = std::move(gangs),
                                       .open_files = parts.open_files};
  const std::int64_t times = parts.settings.overcommit;
  options.machine.cores *= static_cast<int>(times);
  options.machine.memory_bytes *= static_cast<std::uint64_t>(times);
  if (!keeps_to_cores(parts.settings)) options.cpus.clear();
  return options;
}

}  // namespace

Result<std::unique_ptr<JobRuntime>> JobRuntime::create(JobRuntimeParts parts) {
  const std::string gangs = parts.folder.in("gangs");
  CLARY_RETURN_IF_ERROR(make_folders(gangs, 0700));
  CLARY_TRY(auto backend,
            compute::open_local_backend(backend_options(parts, gangs), parts.clock, parts.logger));
  return std::unique_ptr<JobRuntime>(new JobRuntime(parts, std::move(backend)));
}

JobRuntime::JobRuntime(const JobRuntimeParts& parts,
                       std::unique_ptr<compute::ComputeBackend> backend)
    : logger_(parts.logger),
      link_socket_(parts.folder.in("hostlink.sock")),
      failpoints_(environment_variable("CLARY_FAILPOINT")),
      backend_(std::move(backend)),
      environments_(server_environments(parts)),
      chooser_(environments_),
      listeners_(parts.server),
      credentials_(*parts.storage.keys, parts.clock, parts.ids, AccountId(parts.settings.account)),
      plans_(plan_settings(parts), {.environments = chooser_,
                                    .views = parts.views,
                                    .access = parts.access,
                                    .objects = *parts.storage.objects,
                                    .credentials = credentials_,
                                    .ids = parts.ids}),
      changes_(*parts.storage.jobs, parts.clock, failpoints_),
      hook_({.command = parts.settings.hook_command,
             .url = parts.settings.hook_url,
             .ca_file = parts.settings.hook_ca,
             .open_files = parts.open_files}),
      effects_({.jobs = *parts.storage.jobs,
                .changes = changes_,
                .backend = *backend_,
                .plans = plans_,
                .logs = *parts.storage.logs,
                .listeners = listeners_,
                .hook = hook_,
                .clock = parts.clock,
                .failpoints = failpoints_,
                .logger = parts.logger}),
      watch_({.jobs = *parts.storage.jobs,
              .changes = changes_,
              .backend = *backend_,
              .credentials = credentials_,
              .clock = parts.clock,
              .logger = parts.logger,
              .send_credentials =
                  [this](const GangId& gang, const std::string& host,
                         const hostlink::PlanCredentials& credentials) {
                    return link_server_->send_credentials({.gang = gang, .host = host},
                                                          credentials);
                  }}),
      runner_({.jobs = *parts.storage.jobs,
               .effects = effects_,
               .watch = watch_,
               .clock = parts.clock,
               .logger = parts.logger}),
      receiver_({.jobs = *parts.storage.jobs,
                 .changes = changes_,
                 .logs = *parts.storage.logs,
                 .metrics = *parts.storage.metrics,
                 .listeners = listeners_,
                 .folders = plans_.folders(),
                 .failpoints = failpoints_,
                 .logger = parts.logger,
                 .kept_more = parts.kept_more}),
      reset_({.jobs = *parts.storage.jobs,
              .endpoints = *parts.storage.endpoints,
              .records = *parts.storage.records,
              .effects = effects_,
              .runner = runner_,
              .logs = *parts.storage.logs,
              .metrics = *parts.storage.metrics,
              .objects = *parts.storage.objects,
              .identities = *parts.storage.identities}) {
  changes_.set_observer([this] { runner_.wake(); });
  if (hook_.is_set()) changes_.set_hook_text(runtime::StateHook::text_of);
  changes_.set_before_end([this](const GangId& gang) {
    receiver_.forget(gang);
    return credentials_.end(gang);
  });
}

JobRuntime::~JobRuntime() { stop(); }

Status JobRuntime::start() {
  CLARY_TRY(link_server_, hostlink::LinkServer::listen(link_socket_, receiver_, logger_));
  runner_.start();
  probing_ = std::jthread([this] { environments_.list(); });
  return {};
}

void JobRuntime::stop() {
  runner_.stop();
  link_server_.reset();
}

}  // namespace clary::apps
