// RunningJobCredentials: what a job's processes get from their credentials address, and for how
// long.
//
// Thread-safe. Everything passed outlives it.
#pragma once

#include <map>

#include "base/clock.h"
#include "base/mutex.h"
#include "domain/job_store.h"
#include "runtime/credential_issuer.h"
#include "runtime/gang_folder.h"
#include "services/local_routes.h"

namespace clary::apps {

class RunningJobCredentials final : public services::JobCredentials {
 public:
  struct Parts {
    domain::JobStore& jobs;
    const runtime::GangFolders& folders;
    runtime::CredentialIssuer& issuer;
    const Clock& clock;
  };
  explicit RunningJobCredentials(Parts parts) : parts_(parts) {}

  Result<domain::AccessKey> current(const GangId& gang, std::string_view authorization) override;

 private:
  struct Issued {
    std::string token;  // what the gang's processes show
    hostlink::PlanCredentials credentials;
  };
  Result<Issued*> issued_for(const GangId& gang) CLARY_REQUIRES(mutex_);

  Parts parts_;
  Mutex mutex_;
  std::map<GangId, Issued> issued_
      CLARY_GUARDED_BY(mutex_);  // of live gangs, and of some that ended
};

}  // namespace clary::apps
