// RunningJobCredentials: what a job's processes get from their credentials address, and for how
// long.
//
// Thread-safe. Everything passed outlives it.
#pragma once

#include <map>
#include <string>

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
  };
  explicit RunningJobCredentials(Parts parts) : parts_(parts) {}

  Result<domain::AccessKey> current(const GangId& gang, std::string_view authorization) override;

 private:
  Result<std::string> token_of(const GangId& gang) CLARY_EXCLUDES(mutex_);

  Parts parts_;
  Mutex mutex_;
  // What the processes of a gang show; of live gangs, and of some that ended.
  std::map<GangId, std::string> tokens_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::apps
