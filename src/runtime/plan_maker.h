// PlanMaker: from a job to the plans of its hosts. What cannot run here is found now, before
// anything is started.
//
// What a serving job or a transform job runs is its JobSpec::model: image, environment and data; an
// image and an environment of the JobSpec itself come over those.
//
// Thread-safe. Everything passed to the constructor outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id_source.h"
#include "base/names.h"
#include "base/result.h"
#include "compute/backend.h"
#include "compute/resources.h"
#include "domain/job.h"
#include "hostlink/plan.h"
#include "objects/object_store.h"
#include "runtime/channel_views.h"
#include "runtime/credential_issuer.h"
#include "runtime/data_access.h"
#include "runtime/environment_chooser.h"
#include "runtime/gang_folder.h"

namespace clary::runtime {

struct PlanSettings {
  std::string data_folder;  // absolute
  std::string program;      // absolute path of clary itself
  Region region;
  AccountId account;
  std::string server_endpoint;  // "http://127.0.0.1:4580"
  std::string ca_file;          // PEM of whom hosts trust there, when it is https
  std::string sandbox = "bubblewrap";
  std::string network = "namespace";
  // What a job's host can be given at most: compute::machine_resources().
  compute::Resources machine;
  // What an instance type stands for: compute::instance_type_resources.
  std::function<Result<compute::Resources>(std::string_view instance_type)> instance_types;
  // Where the torch engine of an interpreter's environment is built; "": it is not.
  std::function<std::string(const std::string& python)> engine_of = [](const std::string&) {
    return std::string();
  };
  std::optional<std::uint32_t> run_as_uid;
  std::map<std::string, std::string> filesystems;  // id → folder of this machine
  // Of one job's host; 0: not limited.
  std::int64_t max_processes = 0;
  std::uint64_t max_disk_bytes = 0;
  std::int64_t max_log_lines = 0;
  // Of what could not be uploaded, in <data_folder>/kept.
  std::uint64_t kept_bytes = 0;
  std::int64_t kept_seconds = 0;
  bool credentials_as_variables = false;
  std::int64_t stop_grace_seconds = 120;
  bool limit_cpus = false;  // the back-end keeps a job to the cores that it is granted
};

struct PlanSources {
  EnvironmentChooser& environments;
  ChannelViews& views;
  DataAccess& access;
  objects::ObjectStore& objects;
  CredentialIssuer& credentials;
  IdSource& ids;
};

struct Prepared {
  compute::GangSpec gang;
  std::vector<std::string> notices;    // for the timeline
  std::vector<std::string> log_lines;  // what the environment lacks of the image: for the job's log
};

class PlanMaker {
 public:
  PlanMaker(PlanSettings settings, PlanSources sources);

  // Writes the plan of every host, unless an earlier call has. Idempotent by gang: a plan that was
  // written is kept, for a host may already live by it. InvalidArgument: the job cannot run here,
  // the message is its FailureReason. Any other error: not now.
  Result<Prepared> prepare(const domain::Job& job);
  // Whether prepare() has succeeded before.
  bool prepared(const domain::Job& job) const;
  // Ends the gang's credentials, views and folder; absent is fine.
  Status discard(const GangId& gang);

  const GangFolders& folders() const { return folders_; }

 private:
  // Fills in the notices and log lines of `made`.
  Result<hostlink::HostPlan> make_plan(const domain::Job& job, Prepared& made);
  Result<hostlink::PlanChannel> make_channel(const domain::Job& job,
                                             const domain::Channel& channel);
  Result<hostlink::PlanChannel> make_s3_channel(const domain::Job& job,
                                                const domain::Channel& channel);
  // A view of the prefix that shows nothing the reader may not read. InvalidArgument: it would.
  Result<std::string> hold_view(const DataReader& reader, Reading reading,
                                const objects::ObjectUri& prefix, const GangId& gang);
  // That the buckets are there to which the job writes.
  Status check_outputs(const domain::Job& job);
  // That what a serving job or a transform job serves is there.
  Status check_model(const domain::Job& job);
  // That there is anything to transform; who may read it is asked when it is read.
  Status check_transform_input(const domain::Job& job);
  Status check_output(const domain::Job& job, const std::string& uri, std::string_view member);
  Result<compute::Resources> resources_of(const domain::Job& job,
                                          std::vector<std::string>& notices) const;
  compute::GangSpec gang_of(const hostlink::HostPlan& plan, const domain::Job& job) const;

  PlanSettings settings_;
  PlanSources sources_;
  GangFolders folders_;
};

}  // namespace clary::runtime
