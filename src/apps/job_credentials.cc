#include "apps/job_credentials.h"

#include "base/digest.h"

namespace clary::apps {
namespace {

// Forgotten gangs are cheap to look up again.
constexpr std::size_t kRemembered = 1024;

TimePoint expiry(const hostlink::PlanCredentials& credentials) {
  return TimePoint(std::chrono::seconds(credentials.expires_epoch_seconds));
}

}  // namespace

Result<RunningJobCredentials::Issued*> RunningJobCredentials::issued_for(const GangId& gang) {
  if (const auto found = issued_.find(gang); found != issued_.end()) return &found->second;
  CLARY_TRY(const hostlink::HostPlan plan, parts_.folders.read_plan(gang, "algo-1"));
  if (issued_.size() >= kRemembered) issued_.clear();
  return &issued_.emplace(gang, Issued{plan.credentials_token, plan.credentials}).first->second;
}

Result<domain::AccessKey> RunningJobCredentials::current(const GangId& gang,
                                                         std::string_view authorization) {
  CLARY_TRY(const domain::Job job, parts_.jobs.find_by_gang(gang));
  if (domain::is_terminal(job.phase)) return not_found("gang '" + gang.value() + "' has ended");
  MutexLock lock(mutex_);
  CLARY_TRY(Issued * issued, issued_for(gang));
  if (issued->token.empty() || !constant_time_equal(issued->token, authorization)) {
    return denied("gang '" + gang.value() + "': Authorization is not its token");
  }
  if (expiry(issued->credentials) - parts_.clock.now() < runtime::kCredentialRenewal) {
    CLARY_TRY(issued->credentials, parts_.issuer.issue(job));
  }
  domain::AccessKey key;
  key.id = AccessKeyId(issued->credentials.access_key);
  key.secret = Secret(issued->credentials.secret_key);
  key.session_token = Secret(issued->credentials.session_token);
  key.expires = expiry(issued->credentials);
  key.gang = gang;
  return key;
}

}  // namespace clary::apps
