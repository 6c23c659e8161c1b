#include "host/host_context.h"

#include <cerrno>
#include <cstdio>

#include "base/files.h"
#include "host/kept_folder.h"

namespace clary::host {
namespace {

constexpr std::string_view kAside = "ml.removed";

}  // namespace

void CredentialBox::put(hostlink::PlanCredentials credentials) {
  const MutexLock lock(mutex_);
  credentials_ = std::move(credentials);
}

hostlink::PlanCredentials CredentialBox::get() const {
  const MutexLock lock(mutex_);
  return credentials_;
}

HostContext::HostContext(hostlink::HostPlan plan_read, std::string folder_used,
                         const HostServices& services_used)
    : plan(std::move(plan_read)),
      folder(std::move(folder_used)),
      job_folder(path_join(folder, "ml")),
      services(services_used),
      marks(folder) {
  credentials.put(plan.credentials);
  for (const std::string& secret : {plan.credentials.secret_key, plan.credentials.session_token,
                                    plan.hostlink_token, plan.credentials_token}) {
    mask.add(secret);
  }
}

HostContext::~HostContext() = default;

void HostContext::say_state(std::string_view phase, std::string message) {
  if (link == nullptr) return;
  const Status put = link->put(
      hostlink::RecordKind::kState,
      Document::object({{"phase", Document(phase)}, {"message", Document(std::move(message))}}));
  if (!put.ok())
    services.logger->error("a state could not be reported", {{"error", put.error().message}});
}

void HostContext::notice(std::string message) {
  if (link == nullptr) return;
  const Status put =
      link->put(hostlink::RecordKind::kNotice,
                Document::object({{"message", Document(mask.masked(std::move(message)))}}));
  if (!put.ok())
    services.logger->error("a notice could not be reported", {{"error", put.error().message}});
}

Status HostContext::check_stop() const {
  return stop.requested() ? cancelled("the job was stopped before its script ran") : Status();
}

Status HostContext::remove_job_folder() const {
  CLARY_RETURN_IF_ERROR(remove_put_aside());
  const std::string aside = path(kAside);
  if (::rename(job_folder.c_str(), aside.c_str()) != 0 && errno != ENOENT)
    return system_error("move '" + job_folder + "' to '" + aside + "'");
  return remove_put_aside();
}

Status HostContext::remove_put_aside() const { return remove_tree(path(kAside)); }

std::string HostContext::path(std::string_view name) const { return path_join(folder, name); }

}  // namespace clary::host
