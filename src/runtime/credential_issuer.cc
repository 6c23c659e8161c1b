#include "runtime/credential_issuer.h"

#include <utility>

#include "base/time_text.h"
#include "domain/fresh_key.h"
#include "domain/permissions.h"
#include "domain/policy.h"

namespace clary::runtime {

std::string session_principal(const AccountId& account, std::string_view role_arn) {
  const std::size_t slash = role_arn.rfind('/');
  domain::PrincipalName role{
      .name = std::string(slash == role_arn.npos ? role_arn : role_arn.substr(slash + 1)),
      .partition = "aws",
      .account = account.value()};
  if (auto named = domain::principal_name(role_arn)) role = *std::move(named);
  return "arn:" + role.partition + ":sts::" + role.account + ":assumed-role/" + role.name +
         "/SageMaker";
}

domain::AccessKey identity_of(const domain::Job& job, const AccountId& account) {
  return {.principal = session_principal(account, job.spec.role),
          .policy = std::string(domain::default_job_policy()),
          .gang = job.gang};
}

CredentialIssuer::CredentialIssuer(domain::KeyStore& keys, const Clock& clock, IdSource& ids,
                                   AccountId account)
    : keys_(keys), clock_(clock), ids_(ids), account_(std::move(account)) {}

Result<hostlink::PlanCredentials> CredentialIssuer::current(const domain::Job& job) {
  MutexLock lock(mutex_);
  const auto found = last_.find(job.gang);
  if (found != last_.end()) {
    const TimePoint ends(std::chrono::seconds(found->second.expires_epoch_seconds));
    if (ends - kCredentialRenewal > clock_.now()) return found->second;
  }
  CLARY_TRY(hostlink::PlanCredentials made, issue(job));
  last_.insert_or_assign(job.gang, made);
  return made;
}

Result<hostlink::PlanCredentials> CredentialIssuer::issue(const domain::Job& job) {
  const domain::AccessKey key =
      domain::fresh_session(ids_, clock_.now() + kCredentialLifetime, identity_of(job, account_));
  CLARY_RETURN_IF_ERROR(keys_.put(key));
  return hostlink::PlanCredentials{
      .access_key = key.id.value(),
      .secret_key = key.secret.reveal(),
      .session_token = key.session_token.reveal(),
      .expires_epoch_seconds = to_epoch_milliseconds(*key.expires) / 1000};
}

Status CredentialIssuer::end(const GangId& gang) {
  MutexLock lock(mutex_);
  last_.erase(gang);
  return keys_.remove_of_gang(gang);
}

}  // namespace clary::runtime
