// What the steps of one job host share. Made by run_host, filled step by step; one thread, but for
// what is said to be shared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "compute/sandbox.h"
#include "host/entry_point.h"
#include "host/host_services.h"
#include "host/job_log.h"
#include "host/outcome.h"
#include "host/stop_signal.h"
#include "host/training_environment.h"
#include "hostlink/link.h"
#include "hostlink/plan.h"

namespace clary::host {

class KeptFolder;

// The session credentials at hand. Thread-safe.
class CredentialBox {
 public:
  void put(hostlink::PlanCredentials credentials);
  hostlink::PlanCredentials get() const;

 private:
  mutable Mutex mutex_;
  hostlink::PlanCredentials credentials_ CLARY_GUARDED_BY(mutex_);
};

struct HostContext {
  // folder: the host's own, that of its plan. services outlive the context.
  HostContext(hostlink::HostPlan plan_read, std::string folder_used,
              const HostServices& services_used);
  ~HostContext();

  // Records for the server. What cannot be put is logged: the job goes on.
  void say_state(std::string_view phase, std::string message);
  void notice(std::string message);

  // Cancelled once the job shall stop.
  Status check_stop() const;
  std::string path(std::string_view name) const;  // in the host's folder
  // As a whole: a host program that is killed meanwhile leaves no part of it in its place, which
  // the next one would take for what the job made. An absent one is fine.
  Status remove_job_folder() const;
  Status remove_put_aside() const;  // what such a host program left

  const hostlink::HostPlan plan;
  const std::string folder;
  const std::string job_folder;  // becomes /opt/ml
  const HostServices& services;
  const HostMarks marks;
  StopSignal stop;            // shared
  SecretMask mask;            // shared
  CredentialBox credentials;  // shared
  Fd lock;
  std::unique_ptr<hostlink::HostLink> link;     // shared
  std::unique_ptr<JobLog> log;                  // shared
  std::unique_ptr<objects::ObjectStore> store;  // shared
  std::unique_ptr<HostNetwork> network;
  std::vector<compute::SandboxSpec::Overlay> overlays;  // channels shown from views
  EntryPointKind entry_point = EntryPointKind::kPythonProgram;
  std::string entry_point_name;
  std::string submit_directory;
  std::string code_folder = "code";              // of the user, in the job folder
  std::vector<std::string> requirement_folders;  // site folders of the overlay, for PYTHONPATH
  std::vector<std::string> program_folders;      // its bin folders, for PATH
  Fd requirements_in_use;                        // held: the overlay is not removed
  std::vector<compute::Mount> mounts;
  std::map<std::string, std::string>
      pip_settings;                         // this machine's, for a program of the job's own
  std::unique_ptr<KeptFolder> checkpoints;  // none: the job keeps none
  std::vector<std::unique_ptr<KeptFolder>> outputs;  // of the plan, in its order
  std::unique_ptr<compute::Sandbox> sandbox;
  TrainingEnvironment environment;
  std::optional<Outcome>
      outcome;  // set: nothing more is run, what is left is collected and reported
};

}  // namespace clary::host
