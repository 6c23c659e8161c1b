// JobRuntime: the parts that run jobs, wired to each other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "apps/data_folder.h"
#include "apps/settings.h"
#include "apps/storage.h"
#include "base/logger.h"
#include "base/result.h"
#include "compute/backend.h"
#include "hostlink/link.h"
#include "runtime/channel_views.h"
#include "runtime/credential_issuer.h"
#include "runtime/environment_images.h"
#include "runtime/environments.h"
#include "runtime/failpoint.h"
#include "runtime/gang_effects.h"
#include "runtime/gang_listeners.h"
#include "runtime/gang_watch.h"
#include "runtime/job_changes.h"
#include "runtime/link_receiver.h"
#include "runtime/matched_environments.h"
#include "runtime/plan_maker.h"
#include "runtime/reset.h"
#include "runtime/runner.h"

namespace clary::apps {

// Everything passed outlives the runtime.
struct JobRuntimeParts {
  const Settings& settings;
  const DataFolder& folder;
  Storage& storage;
  net::Server& server;
  runtime::ChannelViews& views;
  runtime::DataAccess& access;
  const Clock& clock;
  IdSource& ids;
  const Logger& logger;
  std::uint64_t open_files = 0;  // soft limit of jobs and hooks; 0: as this process's is
  std::string server_endpoint;   // "http://127.0.0.1:4580"
  std::string ca_file;           // whom hosts trust there, when it is https
  // Called where a host has kept what it could not upload; by any thread, until stop() is done.
  std::function<void()> kept_more = [] {};
};

class JobRuntime {
 public:
  static Result<std::unique_ptr<JobRuntime>> create(JobRuntimeParts parts);
  ~JobRuntime();  // stop()

  // Recovers, then carries out effects and listens to hosts.
  Status start();
  void stop();

  runtime::JobChanges& changes() { return changes_; }
  runtime::RuntimeReset& reset() { return reset_; }
  // What the environments stand for, as they are now; may block on an interpreter.
  std::vector<runtime::EnvironmentImage> images() {
    return runtime::images_of(environments_.list());
  }
  runtime::CredentialIssuer& credentials() { return credentials_; }
  const runtime::GangFolders& folders() const { return plans_.folders(); }

 private:
  JobRuntime(const JobRuntimeParts& parts, std::unique_ptr<compute::ComputeBackend> backend);

  const Logger& logger_;
  std::string link_socket_;
  runtime::Failpoints failpoints_;
  std::unique_ptr<compute::ComputeBackend> backend_;
  runtime::Environments environments_;
  runtime::MatchedEnvironments chooser_;
  runtime::ServerGangListeners listeners_;
  runtime::CredentialIssuer credentials_;
  runtime::PlanMaker plans_;
  runtime::JobChanges changes_;
  runtime::StateHook hook_;
  runtime::GangEffects effects_;
  runtime::GangWatch watch_;
  runtime::Runner runner_;
  runtime::JobLinkReceiver receiver_;
  runtime::RuntimeReset reset_;
  std::unique_ptr<hostlink::LinkServer> link_server_;
  std::jthread probing_;  // looks at the environments, so that the first job need not wait for it
};

}  // namespace clary::apps
