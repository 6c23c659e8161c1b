// CredentialIssuer: the session credentials of jobs. One hour each, for one gang, ended with it.
//
// Thread-safe. Everything passed to the constructor outlives it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/mutex.h"
#include "base/names.h"
#include "base/result.h"
#include "domain/job.h"
#include "domain/key_store.h"
#include "hostlink/plan.h"

namespace clary::runtime {

inline constexpr Duration kCredentialLifetime = std::chrono::hours(1);
// They are replaced this long before they end.
inline constexpr Duration kCredentialRenewal = std::chrono::minutes(15);

// "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SageMaker" of a role's ARN, of whose account and
// partition the session is too: another account's role is none of this one's.
std::string session_principal(const AccountId& account, std::string_view role_arn);
// What a job may do, without a key to prove it: the session of its role.
domain::AccessKey identity_of(const domain::Job& job, const AccountId& account);

class CredentialIssuer {
 public:
  CredentialIssuer(domain::KeyStore& keys, const Clock& clock, IdSource& ids, AccountId account);

  // Credentials of the job's gang that are good for kCredentialRenewal more at least: the last ones
  // made, or new ones.
  Result<hostlink::PlanCredentials> current(const domain::Job& job);
  // New ones, whatever there is.
  Result<hostlink::PlanCredentials> issue(const domain::Job& job);
  // Those of a gang that is over: none of them is good any more.
  Status end(const GangId& gang);

 private:
  domain::KeyStore& keys_;
  const Clock& clock_;
  IdSource& ids_;
  AccountId account_;
  Mutex mutex_;
  std::map<GangId, hostlink::PlanCredentials> last_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::runtime
