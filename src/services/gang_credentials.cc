#include "services/gang_credentials.h"

#include "base/digest.h"

namespace clary::services {

Result<domain::AccessKey> GangCredentials::current(const GangId& gang,
                                                   std::string_view authorization) {
  const auto plan = folders_.read_plan(gang, "algo-1");
  if (!plan.ok()) return not_found("gang '" + gang.value() + "': it has ended");
  if (plan->credentials_token.empty() ||
      !constant_time_equal(plan->credentials_token, authorization)) {
    return denied("gang '" + gang.value() + "': the authorization token is not its own");
  }
  CLARY_TRY(const domain::Job job, jobs_.find_by_gang(gang));
  if (is_terminal(job.phase)) return not_found("gang '" + gang.value() + "': it has ended");
  CLARY_TRY(const hostlink::PlanCredentials issued, issuer_.current(job));
  return keys_.find(AccessKeyId(issued.access_key));
}

}  // namespace clary::services
