#include "apps/server_program.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "apps/api_services.h"
#include "apps/data_folder.h"
#include "apps/embedded_files.h"
#include "apps/endpoint_hosting.h"
#include "apps/idle_memory.h"
#include "apps/job_credentials.h"
#include "apps/job_runtime.h"
#include "apps/lifecycle_loop.h"
#include "apps/places.h"
#include "apps/root_key.h"
#include "apps/server_tls.h"
#include "apps/storage.h"
#include "base/files.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/open_files.h"
#include "base/time_text.h"
#include "host/kept_artifacts.h"
#include "meta/postgres_sql.h"
#include "net/certificates.h"
#include "net/server.h"
#include "net/sockets.h"
#include "objects/channel_view.h"
#include "runtime/stored_channel_views.h"
#include "services/front.h"
#include "services/job_data_access.h"
#include "telemetry/server_metrics.h"

namespace clary::apps {
namespace {

constexpr std::chrono::seconds kIdleLook{2};
constexpr std::chrono::seconds kStopGrace{5};
// A call to an endpoint holds one while its model works: some are left to others' requests.
constexpr std::size_t kWaitingThreads = 512;
static_assert(kWaitingThreads > std::size_t{hosting::LiveEndpointsOptions{}.most_calls});

LogLevel log_level(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

// What requests and jobs have open besides connections.
constexpr rlim_t kOtherDescriptors = 2048;

std::size_t most_connections() {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return kOtherDescriptors;
  return std::max(descriptors.rlim_max / 2,
                  descriptors.rlim_max - std::min(descriptors.rlim_max, kOtherDescriptors));
}

net::ServerLimits server_limits(const Settings& settings) {
  net::ServerLimits limits;
  limits.handler_threads = static_cast<std::size_t>(settings.handler_threads);
  limits.waiting_threads = kWaitingThreads;
  limits.connections = std::min(static_cast<std::size_t>(settings.connections), most_connections());
  limits.connections_per_peer = static_cast<std::size_t>(settings.connections_per_address);
  return limits;
}

}  // namespace

// In the order of their making; taken down in reverse.
struct ServerProgram::Parts {
  explicit Parts(const Settings& chosen, DataFolder opened)
      : settings(chosen),
        folder(std::move(opened)),
        logger(log_level(chosen.log_level)),
        local_routes(chosen.allowed_hosts) {}

  // The soft limit of the start, which programs of jobs and hooks have again.
  const std::uint64_t open_files = raise_open_files();
  Settings settings;
  DataFolder folder;
  Logger logger;
  SystemClock clock;
  RandomIds ids;
  telemetry::ServerMetrics requests;
  std::unique_ptr<Storage> storage;
  services::Router router;
  services::LocalRoutes local_routes;
  std::unique_ptr<services::BucketRules> buckets;
  std::unique_ptr<services::Front> front;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<objects::ChannelViews> channel_views;
  std::unique_ptr<runtime::ChannelViews> views;
  std::unique_ptr<services::JobDataAccess> access;
  std::unique_ptr<Loop> retention;  // woken by the runtime
  std::unique_ptr<JobRuntime> runtime;
  std::unique_ptr<EndpointHosting> hosting;
  std::unique_ptr<RunningJobCredentials> job_credentials;
  std::unique_ptr<ApiServices> services;
  std::unique_ptr<LifecycleLoop> lifecycle;
  IdleMemory idle_memory{[this] { return server->counters().requests_total; }, trim_heaps};
  std::unique_ptr<Loop> idle_looks;
  std::string address;
  ServerTls tls;

  Status make();
  Status open_views();
  Status serve();
  void expire();
};

void ServerProgram::Parts::expire() {
  if (const Status done = storage->log_groups->expire(clock.now()); !done.ok())
    logger.warning("old log events could not be removed", {{"error", done.error().message}});
  const host::KeptLimits kept{.bytes = settings.kept_bytes(),
                              .time = std::chrono::hours(24 * settings.kept_days)};
  if (const Status done = host::trim_kept(folder.in("kept"), kept, clock.now()); !done.ok())
    logger.warning("kept artifacts could not be removed", {{"error", done.error().message}});
}

Status ServerProgram::Parts::make() {
  CLARY_TRY(storage, Storage::open(folder, settings, clock, ids));
  CLARY_RETURN_IF_ERROR(write_places(folder.path(), {.metadata = meta::shown_url(settings.metadata),
                                                     .objects = settings.objects_location}));
  CLARY_RETURN_IF_ERROR(ensure_root_key(
      folder.path(), {AccessKeyId(settings.access_key), Secret(settings.secret_key)}, "root", ids,
      *storage->keys));
  CLARY_TRY([[maybe_unused]] const std::string python, unpack_python(folder.path()));
  buckets = std::make_unique<services::BucketRules>(*storage->objects);
  front = std::make_unique<services::Front>(services::FrontParts{
      .router = router,
      .local_routes = local_routes,
      .keys = *storage->keys,
      .identities = *storage->identities,
      .clock = clock,
      .ids = ids,
      .logger = logger,
      .account = AccountId(settings.account),
      .limits = {.requests_per_key = static_cast<std::size_t>(settings.requests_per_key)},
      .requests = &requests,
      .buckets = buckets.get(),
      .s3_domains = settings.s3_domains});
  server = std::make_unique<net::Server>(*front, logger, server_limits(settings));
  return {};
}

Status ServerProgram::Parts::open_views() {
  if (storage->directory == nullptr) {
    views = std::make_unique<runtime::NoChannelViews>();
    return {};
  }
  CLARY_TRY(channel_views, objects::ChannelViews::open(
                               *storage->directory, folder.in("cache/views"),
                               {.views = static_cast<std::size_t>(settings.view_cache_entries)}));
  views = std::make_unique<runtime::StoredChannelViews>(*channel_views);
  return {};
}

// The socket is bound first, because jobs are told its address, and served last, when everything is
// there.
Status ServerProgram::Parts::serve() {
  CLARY_TRY(Fd listening, net::listen_on(settings.listen));
  CLARY_TRY(address, net::bound_address(listening));
  CLARY_TRY(tls, prepare_tls(folder.in("tls"), settings, clock));
  CLARY_RETURN_IF_ERROR(open_views());
  const std::string endpoint = tls.scheme() + "://" + local_address(address);
  access = std::make_unique<services::JobDataAccess>(
      services::JobDataAccess::Parts{.identities = *storage->identities,
                                     .buckets = *buckets,
                                     .clock = clock,
                                     .account = AccountId(settings.account),
                                     .server_endpoint = endpoint});
  CLARY_TRY(runtime, JobRuntime::create({.settings = settings,
                                         .folder = folder,
                                         .storage = *storage,
                                         .server = *server,
                                         .views = *views,
                                         .access = *access,
                                         .clock = clock,
                                         .ids = ids,
                                         .logger = logger,
                                         .open_files = open_files,
                                         .server_endpoint = endpoint,
                                         .ca_file = tls.bundle_file,
                                         .kept_more = [this] { retention->wake(); }}));
  hosting = std::make_unique<EndpointHosting>(EndpointHosting::Parts{
      .storage = *storage,
      .runtime = *runtime,
      .serverless_patience = std::chrono::seconds(settings.serverless_idle_seconds),
      .access = *access,
      .account = AccountId(settings.account),
      .region = Region(settings.region),
      .ids = ids,
      .clock = clock,
      .logger = logger,
      .scaling_period = std::chrono::seconds(settings.scaling_period_seconds)});
  job_credentials = std::make_unique<RunningJobCredentials>(RunningJobCredentials::Parts{
      .jobs = *storage->jobs, .folders = runtime->folders(), .issuer = runtime->credentials()});
  services = std::make_unique<ApiServices>(
      ApiServicesParts{.settings = settings,
                       .storage = *storage,
                       .changes = runtime->changes(),
                       .endpoint_calls = hosting->calls(),
                       .async_calls = hosting->async_calls(),
                       .endpoint_changes = hosting->changes(),
                       .scaling = hosting->scaling(),
                       .alarms = hosting->alarms(),
                       .endpoint_sights = hosting->sights(),
                       .reset = runtime->reset(),
                       .job_credentials = *job_credentials,
                       .buckets = *buckets,
                       .requests = requests,
                       .clock = clock,
                       .ids = ids,
                       .counters = [this] { return server->counters(); },
                       .images = [this] { return runtime->images(); }});
  CLARY_RETURN_IF_ERROR(services->add_to(router, local_routes));
  retention = std::make_unique<Loop>("retention", std::chrono::hours(1),
                                     [this](std::stop_token) { expire(); });
  idle_looks = std::make_unique<Loop>("idle memory", kIdleLook,
                                      [this](std::stop_token) { idle_memory.look(); });
  CLARY_RETURN_IF_ERROR(runtime->start());
  CLARY_RETURN_IF_ERROR(hosting->start());
  lifecycle =
      std::make_unique<LifecycleLoop>(*storage->objects, *buckets, clock, logger,
                                      std::chrono::seconds(settings.lifecycle_interval_seconds));
  CLARY_TRY([[maybe_unused]] const auto id,
            server->adopt(std::move(listening), net::kMainListener, tls.server));
  const Document running = Document::object({{"address", local_address(address)},
                                             {"listen", address},
                                             {"scheme", tls.scheme()},
                                             {"ca_file", tls.bundle_file},
                                             {"pid", std::int64_t{::getpid()}},
                                             {"region", settings.region},
                                             {"account", settings.account},
                                             {"config", settings.file}});
  return write_file_atomically(folder.in("server.json"), to_pretty_json(running), 0600);
}

ServerProgram::ServerProgram(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ServerProgram::~ServerProgram() { stop(); }

Result<std::unique_ptr<ServerProgram>> ServerProgram::start(const Settings& settings) {
  CLARY_TRY(DataFolder folder, DataFolder::open(settings.data));
  auto parts = std::make_unique<Parts>(settings, std::move(folder));
  CLARY_RETURN_IF_ERROR(parts->make());
  CLARY_RETURN_IF_ERROR(parts->serve());
  return std::unique_ptr<ServerProgram>(new ServerProgram(std::move(parts)));
}

const std::string& ServerProgram::address() const { return parts_->address; }

void ServerProgram::reload_certificate() {
  const Result<std::string> trusted =
      reload_tls(parts_->tls, parts_->folder.in("tls"), parts_->settings, parts_->clock);
  if (!trusted.ok()) {
    return parts_->logger.error("the certificate stays as it was",
                                {{"error", trusted.error().message}});
  }
  const Status written = write_bundle(parts_->tls, *trusted);
  const std::string& chain = parts_->settings.tls_cert;
  if (!chain.empty()) {
    const Result<TimePoint> end = net::certificate_end(chain);
    if (end.ok() && *end <= parts_->clock.now())
      parts_->logger.warning("the certificate that was read has expired: clients refuse it",
                             {{"file", chain}, {"expired", iso8601(*end)}});
  }
  if (written.ok()) return parts_->logger.info("the certificate was read again", {});
  parts_->logger.error("a new certificate is shown, but what clients trust stays as it was",
                       {{"error", written.error().message}});
}

void ServerProgram::stop() {
  if (parts_->server == nullptr) return;
  ::unlink(parts_->folder.in("server.json").c_str());
  parts_->server->stop(kStopGrace, [this] {
    if (parts_->hosting != nullptr) parts_->hosting->end_calls();  // a model may take a minute
  });
  parts_->lifecycle.reset();
  parts_->idle_looks.reset();
  if (parts_->hosting != nullptr) parts_->hosting->stop();
  if (parts_->runtime != nullptr) parts_->runtime->stop();
  parts_->retention.reset();
}

}  // namespace clary::apps
