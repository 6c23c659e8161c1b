#include "host/run_host.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/files.h"
#include "base/json.h"
#include "host/lifecycle.h"
#include "host/serving_program.h"

namespace clary::host {
namespace {

constexpr std::size_t kPlanBytes = 16 << 20;

Result<hostlink::HostPlan> read_plan(const std::string& path) {
  CLARY_TRY(const std::string text, read_file(path, kPlanBytes));
  CLARY_TRY(const Document document, parse_json(text));
  return hostlink::HostPlan::from_document(document);
}

// One host program per plan; the kernel lets go of the lock with the program.
Result<Fd> take_lock(const std::string& folder) {
  CLARY_TRY(Fd file, open_file(path_join(folder, "lock"), O_RDWR | O_CREAT, 0600));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK)
    return conflict("'" + folder + "': another host program runs this plan");
  return system_error("lock '" + folder + "'");
}

Status open_link(HostContext& context) {
  hostlink::HostRequests requests{
      .stop = [&context](Duration grace) { context.stop.request(grace); },
      .credentials =
          [&context](const hostlink::PlanCredentials& credentials) {
            context.mask.add(credentials.secret_key);
            context.mask.add(credentials.session_token);
            context.credentials.put(credentials);
          }};
  hostlink::HostLinkOptions options{.socket_path = context.plan.hostlink_socket,
                                    .gang = context.plan.gang,
                                    .host = context.plan.host,
                                    .token = context.plan.hostlink_token,
                                    .spool_path = context.path("spool")};
  CLARY_TRY(context.link, context.services.open_link(std::move(options), std::move(requests)));
  context.log = std::make_unique<JobLog>(
      [&context](std::vector<std::string> lines) {
        Document array(Document::Array{});
        for (std::string& line : lines) array.push(Document(std::move(line)));
        return context.link->put(hostlink::RecordKind::kLog,
                                 Document::object({{"lines", std::move(array)}}));
      },
      context.mask, context.plan.max_log_lines);
  return {};
}

void warn_of_what_stays(const HostContext& context, const Status& removed) {
  if (removed.ok()) return;
  context.services.logger->warning("a folder of the job stays",
                                   {{"error", removed.error().message}});
}

// The job's files are of use to nobody any more; what may hold much goes.
void clean_up(HostContext& context) {
  if (context.sandbox != nullptr) static_cast<void>(context.sandbox->destroy());
  context.sandbox.reset();
  context.network.reset();
  warn_of_what_stays(context, context.remove_job_folder());
  for (const char* name : {"sandbox", "installer", "home", "checkpoints", "transform"})
    warn_of_what_stays(context, remove_tree(context.path(name)));
  if (runs_model_server(context.plan))
    warn_of_what_stays(context, remove_tree(folder_of(context.plan.serving_socket)));
}

int run_plan(HostContext& context) {
  const Logger& logger = *context.services.logger;
  Result<Fd> lock = take_lock(context.folder);
  if (!lock.ok()) {
    logger.warning("not started", {{"error", lock.error().message}});
    return lock.error().code == ErrorCode::kConflict ? kHostRunsAlready : kHostUnreported;
  }
  context.lock = std::move(lock).value();
  warn_of_what_stays(context, context.remove_put_aside());
  if (context.marks.reported()) return kHostReported;

  Result<std::unique_ptr<SignalWatch>> watch = SignalWatch::start(context.stop);
  Status ready = watch.ok() ? open_link(context) : Status(watch.error());
  if (ready.ok()) {
    Result<std::unique_ptr<objects::ObjectStore>> store =
        context.services.open_store(context.plan, [&context] { return context.credentials.get(); });
    if (store.ok())
      context.store = std::move(store).value();
    else
      ready = store.error();
  }
  if (!ready.ok()) {
    logger.error("the host cannot work", {{"error", ready.error().message}});
    return kHostUnreported;
  }
  run_lifecycle(context);
  const Status reported = report_outcome(context);
  clean_up(context);
  if (reported.ok()) return kHostReported;
  logger.error("the end was not reported", {{"error", reported.error().message}});
  return kHostUnreported;
}

}  // namespace

int run_host(const std::string& plan_path, const HostServices& services) {
  Result<hostlink::HostPlan> plan = read_plan(plan_path);
  Result<std::string> folder = real_path(folder_of(plan_path));
  if (!plan.ok() || !folder.ok()) {
    services.logger->error("the plan cannot be read",
                           {{"error", plan.ok() ? folder.error().message : plan.error().message}});
    return kHostBadPlan;
  }
  if (!services.granted_gpus.empty()) plan->gpu_devices = services.granted_gpus;
  HostContext context(std::move(plan).value(), std::move(folder).value(), services);
  return run_plan(context);
}

}  // namespace clary::host
