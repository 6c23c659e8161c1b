// GangEffects: carries out one effect of a job's change. Every effect may be carried out twice:
// after a crash it is.
//
// Thread-safe for effects of different jobs; those of one job come one after another. Everything
// passed outlives it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/result.h"
#include "compute/backend.h"
#include "domain/job_store.h"
#include "runtime/failpoint.h"
#include "runtime/gang_listeners.h"
#include "runtime/job_changes.h"
#include "runtime/plan_maker.h"
#include "runtime/state_hook.h"
#include "telemetry/log_store.h"

namespace clary::runtime {

// "/aws/sagemaker/TrainingJobs": the name space of a kind's metrics.
std::string_view telemetry_space(domain::JobKind kind);
// The same; of a serving job "/aws/sagemaker/Endpoints/<endpoint>".
LogGroup log_group_of(const domain::Job& job);
// "<job>/<host>-<epoch seconds of the job's creation>"; of a serving job
// "<variant>/<endpoint id>-<generation>-<instance>", and "/<container>" where its container has a
// host name or is not the first of its instance.
LogStream log_stream_of(const domain::Job& job, std::string_view host);

// A gang's handle as the job keeps it.
std::string handle_text(const compute::GangHandle& handle);
Result<compute::GangHandle> parse_handle(std::string_view text);

enum class Progress {
  kDone,
  kLater,  // nothing went wrong, but it is too early
};

class GangEffects {
 public:
  struct Parts {
    domain::JobStore& jobs;
    JobChanges& changes;
    compute::ComputeBackend& backend;
    PlanMaker& plans;
    telemetry::LogStore& logs;
    GangListeners& listeners;
    const StateHook& hook;
    const Clock& clock;
    Failpoints& failpoints;
    const Logger& logger;
  };
  explicit GangEffects(Parts parts) : parts_(parts) {}

  // An error means: not now, try again.
  Result<Progress> carry_out(const domain::Effect& effect);
  // Gives an effect up that failed too often: its job fails with the error.
  Status give_up(const domain::Effect& effect, const Error& error);

  // Ends whatever there is of a gang: its processes, then its socket, credentials, views and
  // folder.
  Status end_gang(const GangId& gang);
  // Every gang that the back-end or the disk knows.
  Result<std::vector<GangId>> known_gangs();
  // Ends the gangs that belong to no job: a reset was cut short. One that cannot be ended is logged
  // and keeps no other. Not while effects are carried out.
  Status end_orphans();

 private:
  Result<Progress> tell(const domain::Effect& effect);
  Result<Progress> submit(const domain::Effect& effect, const domain::Job& job);
  Result<Progress> stop(const domain::Effect& effect, const domain::Job& job);
  Result<Progress> remove(const domain::Effect& effect, const domain::Job& job);
  // A gang that nobody wants any more: not submitted at all, or its handle fetched so that it can
  // be ended.
  Result<Progress> settle_unwanted(const domain::Effect& effect, const domain::Job& job);
  Result<Progress> finish(const domain::Effect& effect);

  Parts parts_;
  Mutex mutex_;
  // Effects whose hook's command has succeeded, but not the address: it is not run again.
  std::set<std::uint64_t> commands_told_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::runtime
