#include "apps/job_credentials.h"

#include "base/digest.h"

namespace clary::apps {
namespace {

// Forgotten gangs are cheap to look up again.
constexpr std::size_t kRemembered = 1024;

}  // namespace

Result<std::string> RunningJobCredentials::token_of(const GangId& gang) {
  {
    MutexLock lock(mutex_);
    if (const auto found = tokens_.find(gang); found != tokens_.end()) return found->second;
  }
  CLARY_TRY(hostlink::HostPlan plan, parts_.folders.read_plan(gang, hostlink::kFirstHost));
  MutexLock lock(mutex_);
  if (tokens_.size() >= kRemembered) tokens_.clear();
  tokens_.insert_or_assign(gang, plan.credentials_token);
  return plan.credentials_token;
}

Result<domain::AccessKey> RunningJobCredentials::current(const GangId& gang,
                                                         std::string_view authorization) {
  CLARY_TRY(const domain::Job job, parts_.jobs.find_by_gang(gang));
  if (domain::is_terminal(job.phase)) return not_found("gang '" + gang.value() + "' has ended");
  CLARY_TRY(const std::string token, token_of(gang));
  if (token.empty() || !constant_time_equal(token, authorization)) {
    return denied("gang '" + gang.value() + "': Authorization is not its token");
  }
  CLARY_TRY(const hostlink::PlanCredentials credentials, parts_.issuer.current(job));
  domain::AccessKey key;
  key.id = AccessKeyId(credentials.access_key);
  key.secret = Secret(credentials.secret_key);
  key.session_token = Secret(credentials.session_token);
  key.expires = TimePoint(std::chrono::seconds(credentials.expires_epoch_seconds));
  key.principal = job.spec.role;
  key.gang = gang;
  return key;
}

}  // namespace clary::apps
