// What a job's processes get at the credentials address: the credentials of their gang, to who has
// the plan's token.
//
// Thread-safe. Everything passed outlives it.
#pragma once

#include "domain/job_store.h"
#include "runtime/credential_issuer.h"
#include "runtime/gang_folder.h"
#include "services/local_routes.h"

namespace clary::services {

class GangCredentials final : public JobCredentials {
 public:
  GangCredentials(domain::JobStore& jobs, domain::KeyStore& keys, runtime::CredentialIssuer& issuer,
                  const runtime::GangFolders& folders)
      : jobs_(jobs), keys_(keys), issuer_(issuer), folders_(folders) {}

  Result<domain::AccessKey> current(const GangId& gang, std::string_view authorization) override;

 private:
  domain::JobStore& jobs_;
  domain::KeyStore& keys_;
  runtime::CredentialIssuer& issuer_;
  const runtime::GangFolders& folders_;
};

}  // namespace clary::services
