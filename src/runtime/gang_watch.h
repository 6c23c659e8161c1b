// GangWatch: asks the back-end about the gangs of live jobs, and tells the jobs of those that are
// gone; renews credentials.
//
// One thread at a time. Everything passed outlives it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"
#include "compute/backend.h"
#include "domain/job_store.h"
#include "runtime/credential_issuer.h"
#include "runtime/job_changes.h"

namespace clary::runtime {

class GangWatch {
 public:
  struct Parts {
    domain::JobStore& jobs;
    JobChanges& changes;
    compute::ComputeBackend& backend;
    CredentialIssuer& credentials;
    const Clock& clock;
    const Logger& logger;
    // Sends a host its next credentials; Unavailable when it is not connected now. Empty: nobody to
    // send them to.
    std::function<Status(const GangId&, const std::string& host, const hostlink::PlanCredentials&)>
        send_credentials;
  };
  explicit GangWatch(Parts parts) : parts_(std::move(parts)) {}

  // One round over all live jobs.
  Status look();

 private:
  struct Seen {
    std::optional<TimePoint> ended;  // since when the back-end says so, though the host has not
    std::string waiting_for;         // the last reason that went into the timeline
    std::string sent_key;  // the access key of the credentials that the host has been sent
  };
  Status look_at(const domain::Job& job, Seen& seen);
  // Once for each reason.
  Status tell_waiting(const domain::Job& job, const std::string& reason, Seen& seen);
  Status renew(const domain::Job& job, Seen& seen);
  // MaxPendingTimeInSeconds, counted from the job's creation or its restart.
  bool is_pending_too_long(const domain::Job& job) const;
  Status stop_pending(const domain::Job& job);
  // The gang ended because it was asked to, before a host of it could say so.
  Status stopped(const domain::Job& job);
  Status lose(const domain::Job& job, std::string reason);

  Parts parts_;
  std::map<GangId, Seen> seen_;
};

}  // namespace clary::runtime
