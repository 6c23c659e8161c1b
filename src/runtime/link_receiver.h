// JobLinkReceiver: turns what job hosts report into changes of jobs, log lines, metrics and a
// timeline.
//
// A record is taken once: state and notices by the number kept with the job's change, lines and
// metrics by the number kept with them. Thread-safe. Everything passed outlives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "domain/job_store.h"
#include "hostlink/link.h"
#include "runtime/failpoint.h"
#include "runtime/gang_folder.h"
#include "runtime/gang_listeners.h"
#include "runtime/job_changes.h"
#include "telemetry/log_store.h"
#include "telemetry/metric_store.h"

namespace clary::runtime {

class JobLinkReceiver final : public hostlink::LinkReceiver {
 public:
  struct Parts {
    domain::JobStore& jobs;
    JobChanges& changes;
    telemetry::LogStore& logs;
    telemetry::MetricStore& metrics;
    GangListeners& listeners;
    const GangFolders& folders;
    Failpoints& failpoints;
    const Logger& logger;
    // Called where a host has kept what it could not upload: there is more on this machine.
    std::function<void()> kept_more = [] {};
  };
  explicit JobLinkReceiver(Parts parts);
  ~JobLinkReceiver() override;

  Status admit(const hostlink::LinkPeer& peer, std::string_view token) override;
  Result<std::uint64_t> last_taken(const hostlink::LinkPeer& peer) override;
  Status take(const hostlink::LinkPeer& peer,
              const std::vector<hostlink::Record>& records) override;
  Status take_listener(const hostlink::LinkPeer& peer, Fd listening) override;
  void gone(const hostlink::LinkPeer& peer) override;

  // Drops what is known of the gang's hosts; one that still has something to say is known again.
  void forget(const GangId& gang);
  std::size_t known_hosts();

 private:
  class HostRecords;  // of one host: its job, its log stream, its metric definitions
  Result<std::shared_ptr<HostRecords>> records_of(const hostlink::LinkPeer& peer);

  Parts parts_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<HostRecords>> hosts_
      CLARY_GUARDED_BY(mutex_);  // by "<gang>/<host>"
};

}  // namespace clary::runtime
